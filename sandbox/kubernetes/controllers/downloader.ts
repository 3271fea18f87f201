import type { Container, Pod } from "../types.ts";

/** What the `model-downloader` of a pod asks of S3. */
export interface DownloadRequest {
  /** As the chart gave it: `s3://bucket/checkpoints/laguna-m`. */
  readonly prefix: string;
  readonly namespace: string;
  readonly pod: string;
  readonly serviceAccount: string;
  /** Role that the pod identity webhook wrote into the pod, from the service account's annotation. */
  readonly roleArn?: string;
  /** Static credentials in the container's environment. */
  readonly accessKey?: { readonly id: string; readonly secret: string };
}

/** What S3 says: the objects below the prefix, or the error as a client prints it. */
export type DownloadAnswer =
  | { readonly kind: "objects"; readonly objects: readonly { readonly key: string; readonly size: number }[] }
  | { readonly kind: "refused"; readonly message: string };

export type Download = (request: DownloadRequest) => DownloadAnswer | Promise<DownloadAnswer>;

/** Without a world around it the cluster has a bucket that holds every checkpoint. */
export const anyCheckpoint: Download = ({ prefix }) => {
  const base = prefix.replace(/^s3:\/\/[^/]+\//, "").replace(/\/$/, "");
  return {
    kind: "objects",
    objects: [
      { key: `${base}/config.json`, size: 1200 },
      { key: `${base}/model.safetensors`, size: 4_000_000_000 },
      { key: `${base}/tokenizer/tokenizer.json`, size: 2_000_000 },
    ],
  };
};

/** The request that a container makes; undefined when it names no checkpoint. */
export function downloadRequest(
  pod: Pod,
  container: Container,
  env: ReadonlyMap<string, string>,
): DownloadRequest | undefined {
  const texts = [...(container.command ?? []), ...(container.args ?? []), ...env.values()];
  const prefix = texts.map((text) => /s3:\/\/[^\s"']+/.exec(text)?.[0]).find((found) => found !== undefined);
  if (prefix === undefined) return undefined;
  const roleArn = env.get("AWS_ROLE_ARN");
  const id = env.get("AWS_ACCESS_KEY_ID");
  const secret = env.get("AWS_SECRET_ACCESS_KEY");
  return {
    prefix,
    namespace: pod.metadata.namespace ?? "",
    pod: pod.metadata.name,
    serviceAccount: pod.spec.serviceAccountName ?? "default",
    ...(roleArn ? { roleArn } : {}),
    ...(id && secret ? { accessKey: { id, secret } } : {}),
  };
}

/** The part of the listing that the downloader takes: unpacked checkpoint files at the prefix's root and the tokenizer's folder. */
export function checkpointFiles(prefix: string, objects: readonly { readonly key: string; readonly size: number }[]) {
  const base = `${prefix.replace(/^s3:\/\/[^/]+\/?/, "").replace(/\/$/, "")}/`;
  return objects.filter(({ key }) => {
    if (base !== "/" && !key.startsWith(base)) return false;
    const path = base === "/" ? key : key.slice(base.length);
    return (
      /^[^/]+\.(safetensors|json|ya?ml|txt|model|jinja|py|tiktoken)$/.test(path) || /^tokenizer\/[^/]+$/.test(path)
    );
  });
}
