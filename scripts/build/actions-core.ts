import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layPackage, missing } from "./lay.ts";

const name = "@actions/core";

/**
 * @actions/core without the HTTP client of its OIDC helper, and without the programs that it starts to name the platform: tokens are asked for in
 * `src/aws/github-oidc.ts`, and nobody asks for the platform. What is left out brings undici, the largest part of every stub's start.
 */
export function narrowActionsCore(root: string, compiled: string): void {
  const lib = join(root, "node_modules", name, "lib");
  const modules = readdirSync(lib).filter((file) => file.endsWith(".js"));
  const files = new Map(modules.map((file) => [join("lib", file), readFileSync(join(lib, file), "utf8")]));
  const folder = layPackage(root, compiled, { name, exports: "./lib/core.js", files });
  const client = new Map([
    ["index.js", missing(["HttpClient"])],
    ["auth.js", missing(["BearerCredentialHandler"])],
  ]);
  const exports = { ".": "./index.js", "./lib/auth": "./auth.js" };
  layPackage(root, folder, { name: "@actions/http-client", exports, files: client });
  const programs = new Map([["index.js", missing(["getExecOutput"])]]);
  layPackage(root, folder, { name: "@actions/exec", exports: "./index.js", files: programs });
}
