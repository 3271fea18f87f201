import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const name = "@kubernetes/client-node";

/** What `KubeConfig` is made of; the rest of the package is the generated API, which we do not call. */
const kept = [
  "azure_auth.js",
  "config.js",
  "config_types.js",
  "exec_auth.js",
  "file_auth.js",
  "gcp_auth.js",
  "middleware.js",
  "oidc_auth.js",
  "gen/rxjsStub.js",
];

/**
 * Lays the Kubernetes client beside the compiled sources without its generated API: of 0.5 MB that every job would download, only a
 * twentieth reads kubeconfigs. What was left out throws when it is touched.
 */
export function narrowKubernetesClient(root: string, compiled: string): void {
  const from = join(root, "node_modules", name);
  const to = join(compiled, "node_modules", name);
  mkdirSync(join(to, "dist", "gen"), { recursive: true });
  for (const file of kept) cpSync(join(from, "dist", file), join(to, "dist", file));
  cpSync(join(from, "LICENSE"), join(to, "LICENSE"));
  const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  writeJson(join(to, "package.json"), { name, version, license, type: "module", exports: "./dist/config.js" });
  writeFileSync(join(to, "dist", "gen", "index.js"), missing(["createConfiguration", "ServerConfiguration"]));
  const undici = join(to, "node_modules", "undici");
  mkdirSync(undici, { recursive: true });
  writeJson(join(undici, "package.json"), { name: "undici", type: "module", exports: "./index.js" });
  writeFileSync(join(undici, "index.js"), missing(["Agent", "ProxyAgent"]));
}

function missing(names: readonly string[]): string {
  return names
    .map((each) => `export function ${each}() {\n  throw new Error("${each} is not part of this bundle");\n}\n`)
    .join("");
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
