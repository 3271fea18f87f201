import { size } from "../../action/describe.ts";
import type { CertificateFacts } from "../../facts/certificate.ts";
import type { CheckpointFacts } from "../../facts/checkpoint.ts";
import type { TypeGpus } from "../../facts/instance-gpus.ts";
import { isSeen, type Seen } from "../../facts/looking.ts";
import type { ImageFact } from "../expected-images.ts";
import type { NodeGpus } from "../gpus.ts";
import { type Check, failed, notLookedAt, passed } from "./check.ts";

/** What the checks of one model rest on. */
export interface ModelFacts {
  readonly model: string;
  readonly gpus: number;
  /** The release makes new pods of it; one that goes on as it is can only be warned of. */
  readonly starts: boolean;
  /** S3 prefix; absent where the values name no S3 place. */
  readonly prefix: string | undefined;
  /** `upcoming`: an earlier step brings it. */
  readonly checkpoint: Seen<CheckpointFacts | undefined> | "upcoming";
}

/** Checkpoint of each model, and whether its bytes fit the memory of its GPUs. */
export function modelChecks(
  models: readonly ModelFacts[],
  nodes: readonly NodeGpus[] | undefined,
  coming: Seen<readonly TypeGpus[]>,
): readonly Check[] {
  return models.flatMap((model) => {
    const checks = [checkpoint(model), ...memory(model, nodes, coming)];
    return model.starts
      ? checks
      : checks.map((check) => (check.result === "fail" ? { ...check, result: "warn" } : check));
  });
}

function checkpoint({ model, prefix, checkpoint: found }: ModelFacts): Check {
  const name = `Checkpoint of ${model}`;
  if (prefix === undefined) return notLookedAt(name, "the values name no S3 prefix");
  if (found === "upcoming") return passed(name, `${prefix}, which sync-checkpoints brings`);
  if (!isSeen(found) && /NoSuchBucket/.test(found.notSeen))
    return failed(
      name,
      "DEPLOY_CHECKPOINT_MISSING",
      `the bucket of ${prefix} does not exist`,
      `Correct models.${model}.model.`,
    );
  if (!isSeen(found)) return notLookedAt(name, found.notSeen);
  if (!found || found.files === 0)
    return failed(
      name,
      "DEPLOY_CHECKPOINT_EMPTY",
      `nothing lies below ${prefix}/`,
      `Compare models.${model}.model with what lies in S3: aws s3 ls ${prefix}/ ; or run sync-checkpoints.`,
    );
  if (found.manifest && !found.complete)
    return failed(
      name,
      "DEPLOY_CHECKPOINT_INCOMPLETE",
      `${found.differences.length} of ${found.manifest.files.length} files are missing or other ones, first ${found.differences[0]}`,
      "Run sync-checkpoints again: finished files are not sent twice.",
    );
  const manifest = found.manifest
    ? `manifest ${found.manifestDigest?.slice(0, 12)}`
    : "no manifest, so its files were not compared";
  return passed(name, `${found.files} files, ${size(found.bytes)}, ${manifest}`);
}

/** The weights alone must fit; what a server needs besides, it says itself. Where no node has GPUs enough for a pod, the instance types of node groups at 0 tell. */
function memory(
  { model, gpus, checkpoint: found }: ModelFacts,
  nodes: readonly NodeGpus[] | undefined,
  coming: Seen<readonly TypeGpus[]>,
): readonly Check[] {
  if (found === "upcoming" || !isSeen(found) || !found || found.safetensorsBytes === 0 || gpus === 0) return [];
  const name = `GPU memory for ${model}`;
  const able = (nodes ?? []).filter((node) => node.all >= gpus);
  if (able.length === 0) return memoryToCome(model, gpus, found.safetensorsBytes, coming);
  const labelled = able.filter((node) => node.memory !== undefined);
  if (labelled.length === 0) return [notLookedAt(name, "no node carries the label nvidia.com/gpu.memory")];
  const largest = Math.max(...labelled.map((node) => node.memory!));
  const seen = weights(found.safetensorsBytes, gpus, largest);
  if (found.safetensorsBytes <= largest * gpus || able.length > labelled.length) return [passed(name, seen)];
  return [failed(name, "DEPLOY_GPU_MEMORY", seen, `Give ${model} more gpus, or nodes with more GPU memory.`)];
}

function memoryToCome(model: string, gpus: number, bytes: number, coming: Seen<readonly TypeGpus[]>): readonly Check[] {
  const name = `GPU memory for ${model}`;
  if (!isSeen(coming)) return [notLookedAt(name, coming.notSeen)];
  const able = coming.filter((type) => type.count >= gpus);
  const largest = able.toSorted((a, b) => b.memory - a.memory)[0];
  if (!largest) return [];
  const seen = `${weights(bytes, gpus, largest.memory)} of a ${largest.type}, whose node group is at 0`;
  if (bytes <= largest.memory * gpus) return [passed(name, seen)];
  return [failed(name, "DEPLOY_GPU_MEMORY", seen, `Give ${model} more gpus, or a node group with more GPU memory.`)];
}

function weights(bytes: number, gpus: number, memory: number): string {
  return `${size(bytes)} of weights on ${gpus} GPUs with ${size(memory)} each`;
}

/** Images that pods will pull. */
export function imageChecks(images: readonly ImageFact[]): readonly Check[] {
  return images.map(({ reference, digest, source, registry }) => {
    const name = `Image ${reference}`;
    if (source === "upcoming") return passed(name, "push-images brings it");
    if (registry === "absent")
      return failed(
        name,
        "DEPLOY_IMAGE_NOT_FOUND",
        "ECR has no such tag that can be pulled",
        "Run push-images with the bundle that the chart came with, or correct image.registry.",
      );
    if (digest) return passed(name, digest);
    return notLookedAt(name, registry && !isSeen(registry) ? registry.notSeen : "its registry is not asked");
  });
}

/** Certificates that the Ingresses name: issued, and covering every host together. */
export function certificateChecks(
  certificates: readonly Seen<CertificateFacts>[],
  hosts: readonly string[],
): readonly Check[] {
  const seen = certificates.filter(isSeen);
  const rows = certificates.map((certificate): Check => {
    if (!isSeen(certificate)) return notLookedAt("Certificate", certificate.notSeen);
    const name = `Certificate ${certificate.arn.split("/").at(-1)}`;
    if (certificate.status === "ISSUED") return passed(name, certificate.names.join(", "));
    return failed(
      name,
      "DEPLOY_INGRESS_CERTIFICATE",
      certificate.status,
      "Correct certificate-arn, or wait until the certificate is issued.",
    );
  });
  const names = seen.flatMap((certificate) => certificate.names);
  const bare = hosts.filter((host) => !names.some((name) => covers(name, host)));
  if (certificates.length === 0 || seen.length < certificates.length || bare.length === 0) return rows;
  return [
    ...rows,
    failed(
      "Hosts of the certificate",
      "DEPLOY_INGRESS_CERTIFICATE",
      `it does not cover ${bare.join(", ")}`,
      "Issue one that covers every model's host.",
    ),
  ];
}

/** A wildcard stands for one label (https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html). */
function covers(name: string, host: string): boolean {
  const [lower, wanted] = [name.toLowerCase(), host.toLowerCase()];
  return lower === wanted || (lower.startsWith("*.") && wanted.slice(wanted.indexOf(".")) === lower.slice(1));
}
