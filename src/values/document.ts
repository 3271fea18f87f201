import { sha256 } from "../canonical.ts";
import { emitYaml } from "./emit.ts";
import type { Values } from "./merge.ts";

/** The values file: its text and its SHA-256 in lower-case hex. */
export interface ValuesFile {
  readonly text: string;
  readonly sha256: string;
}

/** What each block is for and where it comes from. Names of keys and actions only: a path or a line number would change the digest without need. */
const comments = new Map<string, readonly string[]>([
  ["fullnameOverride", ["Names all objects, and so the service account that the role trusts."]],
  ["image.registry", ["Registry that push-images filled; names and tags are preset in the chart."]],
  ["serviceAccount", ["Identity of the pods, from ensure-irsa."]],
  ["s3", ["Static credentials of the pods, from ensure-irsa."]],
  ["podSecurityContext", ["Kubernetes on EKS does not assign a user ID by itself."]],
  ["authentication", ["Secret with VLLM_API_KEY (spec: authentication.secretName); empty: no key is asked for."]],
  ["ingress", ["One load balancer for all models (spec: ingress)."]],
  ["models", ["Model servers (spec: models); prefixes from sync-checkpoints."]],
  ["docs", ["Documentation site (spec: docs)."]],
]);

/** Values as the file that helm gets: equal values give equal bytes. */
export function valuesFile(values: Values): ValuesFile {
  const text = `# Written by eks-deploy render-values; changes by hand are lost.\n${emitYaml(values, comments)}`;
  return { text, sha256: sha256(text) };
}
