import { readFileSync } from "node:fs";
import { join } from "node:path";
import { layPackage, missing } from "./lay.ts";

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

/** The Kubernetes client without its generated API: of 0.5 MB that every job would download, only a twentieth reads kubeconfigs. */
export function narrowKubernetesClient(root: string, compiled: string): void {
  const read = (file: string) => readFileSync(join(root, "node_modules", name, "dist", file), "utf8");
  const files = new Map(kept.map((file) => [join("dist", file), read(file)]));
  files.set("dist/gen/index.js", missing(["createConfiguration", "ServerConfiguration"]));
  const folder = layPackage(root, compiled, { name, exports: "./dist/config.js", files });
  const agents = new Map([["index.js", missing(["Agent", "ProxyAgent"])]]);
  layPackage(root, folder, { name: "undici", exports: "./index.js", files: agents });
}
