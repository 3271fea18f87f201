import { resolve } from "node:path";
import type { Plugin } from "vite";
import { missing } from "../../scripts/build/lay.ts";

const folder = resolve(import.meta.dirname, "../../node_modules/@kubernetes/client-node/dist");

/** The files that read kubeconfigs; Vitest has to see their imports. */
export const kubernetesClientFiles = /@kubernetes\/client-node\/dist/;

/** What dist/ leaves out as well (`scripts/build/kubernetes-client.ts`), by the import that brings it; its exports throw when they are used. */
const left: Readonly<Record<string, readonly string[]>> = {
  "./gen/index.js": ["createConfiguration", "ServerConfiguration"],
  undici: ["Agent", "ProxyAgent"],
};

/** The Kubernetes client without its generated API: most of a second for each file of tests that opens a cluster, and nobody calls it. */
export function narrowKubernetesClient(): Plugin {
  return {
    name: "narrow-kubernetes-client",
    enforce: "pre",
    resolveId(id, importer = "") {
      if (id === "@kubernetes/client-node") return `${folder}/config.js`;
      return Object.hasOwn(left, id) && importer.startsWith(folder) ? `\0${id}` : undefined;
    },
    load: (id) => (id.startsWith("\0") && left[id.slice(1)] ? missing(left[id.slice(1)]!) : undefined),
  };
}
