import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../cluster/objects.ts";
import { RemoteError } from "../errors.ts";

/** An object as a chart renders it. */
export interface ManifestObject extends KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

/** The objects of rendered YAML, in order; `namespace` fills in where a chart leaves it out. Hooks are not among them. */
export function parseManifest(text: string, namespace: string): readonly ManifestObject[] {
  // helm reads and writes YAML 1.1.
  const documents = parseAllDocuments(text, { version: "1.1", merge: true, uniqueKeys: false });
  return ("empty" in documents ? [] : documents).flatMap((document) => {
    const value = document.toJS({ maxAliasCount: 1_000 }) as Partial<ManifestObject> | null;
    if (value === null || value === undefined) return [];
    if (typeof value !== "object" || !value.kind || !value.apiVersion || !value.metadata?.name) {
      throw new RemoteError("DEPLOY_MANIFEST", {
        happened: "The chart renders something that is no Kubernetes object.",
        next: "Look at what it renders: helm template <chart> -f <values>.",
      });
    }
    const metadata = { ...value.metadata, namespace: value.metadata.namespace ?? namespace };
    return [{ ...value, metadata } as ManifestObject];
  });
}

/** `Deployment inference-point`. */
export function nameOf(object: { readonly kind?: string; readonly metadata: { readonly name: string } }): string {
  return `${object.kind ?? "object"} ${object.metadata.name}`;
}
