import { scryptSync } from "node:crypto";
import type { Change } from "../action/plan.ts";
import type { Secret as Hidden } from "../action/secret.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { fieldManager } from "../cluster/cluster.ts";
import type { Deployment, Pod, Secret } from "../cluster/objects.ts";
import { secrets } from "../cluster/resources.ts";
import { UserError } from "../errors.ts";
import { ownerTag } from "../facts/owner.ts";
import { secretsRead } from "./workloads.ts";

/** A Secret that the release needs and that was given to us. */
export interface WantedSecret {
  readonly name: string;
  readonly data: Readonly<Record<string, Hidden>>;
  /** What it is for, in the plan: `API key of the model servers`. */
  readonly purpose: string;
}

const managedBy = "app.kubernetes.io/managed-by";

/**
 * Stands for a Secret's values in plan-sha256 and in reports, which anyone may read: slow to compute, so that a weak key cannot be guessed from it;
 * the same before and after it is written.
 */
export function secretDigest(secret: WantedSecret, place: string): string {
  const text = Object.entries(secret.data)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value.reveal()}`)
    .join("\n");
  return scryptSync(text, `eks-deploy ${place}/${secret.name}`, 16, {
    N: 2 ** 15,
    r: 8,
    p: 1,
    maxmem: 2 ** 26,
  }).toString("hex");
}

/** What a Secret is like now, compared with what is wanted. */
export type SecretState = "absent" | "same" | "ours-differs" | "foreign-differs";

/** A Secret without our label and owner is someone else's; with the same values it is good as it is. */
export function secretState(wanted: WantedSecret, found: Secret | undefined, owner: string): SecretState {
  if (!found) return "absent";
  const same = Object.entries(wanted.data).every(
    ([key, value]) => found.data?.[key] === Buffer.from(value.reveal()).toString("base64"),
  );
  if (same) return "same";
  const ours = found.metadata.labels?.[managedBy] === fieldManager && found.metadata.annotations?.[ownerTag] === owner;
  return ours ? "ours-differs" : "foreign-differs";
}

/** The change that a Secret needs. A stranger's is refused (`DEPLOY_SECRET_FOREIGN`) unless that code is accepted. */
export function secretChange(
  wanted: WantedSecret,
  state: SecretState,
  place: { readonly namespace: string; readonly accepted: boolean },
): Change | undefined {
  const common = { kind: "secret", name: `${place.namespace}/${wanted.name}`, to: "***" } as const;
  if (state === "same") return undefined;
  if (state === "absent") return { ...common, verb: "create", reason: `${wanted.purpose}` };
  if (state === "foreign-differs" && !place.accepted) {
    throw new UserError("DEPLOY_SECRET_FOREIGN", {
      happened: `The Secret ${wanted.name} in ${place.namespace} was made by someone else and holds another value. Nothing was written.`,
      next: `Leave the input out to use that Secret as it is, name another one, or take it over with accept: DEPLOY_SECRET_FOREIGN.`,
    });
  }
  return { ...common, verb: "update", from: "***", reason: `${wanted.purpose} changes` };
}

/** Where a Secret lies, and whose it is. */
interface SecretPlace {
  readonly namespace: string;
  readonly owner: string;
}

/** Writes the Secret. `force` takes keys that others manage. */
export async function applySecret(
  cluster: Cluster,
  place: SecretPlace,
  wanted: WantedSecret,
  force: boolean,
): Promise<void> {
  const data = Object.fromEntries(
    Object.entries(wanted.data).map(([key, value]) => [key, Buffer.from(value.reveal()).toString("base64")]),
  );
  await applyData(cluster, place, wanted.name, data, { force });
}

/** From when until it was last written a Secret held another value than it does now, and than it did before. */
const otherSinceAnnotation = "eks-deploy/other-value-since";

/** Writes base64 values by key, by server-side apply. `otherSince`: a value is put back that the Secret had until then. */
export async function applyData(
  cluster: Cluster,
  { namespace, owner }: SecretPlace,
  name: string,
  data: Readonly<Record<string, string>>,
  { force, otherSince }: { readonly force: boolean; readonly otherSince?: string },
): Promise<void> {
  const annotations = { [ownerTag]: owner, ...(otherSince ? { [otherSinceAnnotation]: otherSince } : {}) };
  const metadata = { name, namespace, labels: { [managedBy]: fieldManager }, annotations };
  await cluster.apply<Secret>(secrets, { metadata, type: "Opaque", data }, { force });
}

/** When we last wrote a Secret, ms since the epoch: the server's time, from its managed fields, so that no clock of ours counts. Never: minus infinity. */
export function writtenAt(secret: Secret): number {
  return Math.max(
    ...(secret.metadata.managedFields ?? [])
      .filter((fields) => fields.manager === fieldManager)
      .map((fields) => Date.parse(fields.time ?? "")),
    Number.NEGATIVE_INFINITY,
  );
}

/**
 * Deployments that must be restarted, because a pod of theirs started before the Secret that it reads got its value: a container gets its variables
 * once. Where a value was put back, pods that started before it was taken away have it. `pods` gives a Deployment's own pods.
 */
export function staleReaders(
  secret: Secret,
  deployments: readonly Deployment[],
  pods: (deployment: Deployment) => readonly Pod[],
): readonly Deployment[] {
  const written = writtenAt(secret);
  const otherSince = Date.parse(secret.metadata.annotations?.[otherSinceAnnotation] ?? "") || Number.NEGATIVE_INFINITY;
  const isStale = ({ metadata }: Pod) => {
    const made = Date.parse(metadata.creationTimestamp ?? "");
    return !metadata.deletionTimestamp && made < written && made >= otherSince;
  };
  return readersOf(secret.metadata.name, deployments).filter((deployment) => pods(deployment).some(isStale));
}

/** Deployments whose pods read the Secret. */
export function readersOf(secret: string, deployments: readonly Deployment[]): readonly Deployment[] {
  return deployments.filter((deployment) => secretsRead(deployment.spec.template.spec).has(secret));
}
