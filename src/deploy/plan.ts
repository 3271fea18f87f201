import { count } from "../action/describe.ts";
import type { Change } from "../action/plan.ts";
import { digestOf, type Json } from "../canonical.ts";
import { diffObjects, driftOf, type ObjectChange } from "./diff.ts";
import { contentOf, type ReleaseState, stateOf } from "./history.ts";
import type { HostRecords } from "./host-records.ts";
import type { Live } from "./live.ts";
import { type ManifestObject, nameOf } from "./manifest.ts";
import type { Revision } from "./release.ts";
import { restartsOf } from "./restarts.ts";
import { type SecretState, secretChange, type WantedSecret } from "./secrets.ts";
import { type Unfinished, unfinishedRollout } from "./unfinished.ts";
import { modelOf, type Workload, workloadsOf } from "./workloads.ts";

/** What the release shall be. */
export interface WantedRelease {
  readonly release: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly chart: { readonly name: string; readonly version: string; readonly sha256: string };
  /** Digest of the values as data. */
  readonly valuesDigest: string;
  /** Keys of the values' models. */
  readonly models: readonly string[];
  readonly objects: readonly ManifestObject[];
  readonly secrets: readonly WantedSecret[];
  /** Digest of each Secret, by name. */
  readonly secretDigests: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly accept: readonly string[];
  readonly recreate: boolean;
}

/** What is there. */
export interface ObservedRelease {
  readonly live: Live;
  readonly secretStates: Readonly<Record<string, SecretState>>;
  /** Objects of the live revision. */
  readonly released: readonly ManifestObject[];
  readonly twin: (object: ManifestObject) => Readonly<Record<string, unknown>> | undefined;
  /** Workloads whose old pods must go first; from the GPU check. */
  readonly deadlocked: readonly string[];
}

/** The comparison of both, from which everything else follows. */
export interface ReleasePlan {
  readonly changes: readonly Change[];
  readonly endState: Json;
  /** Chart and values, as one digest: the mark of a revision. */
  readonly content: string;
  readonly state: ReleaseState;
  readonly createNamespace: boolean;
  readonly upgrade: boolean;
  /** An earlier run was cut off before the live revision was healthy. Without an upgrade its rollout is gone on with. */
  readonly unfinished: Unfinished | undefined;
  readonly writeSecrets: readonly WantedSecret[];
  /** Deployments to restart because of a Secret. */
  readonly restarts: readonly string[];
  /** Deployments to delete before the upgrade, so that their pods go first. */
  readonly recreate: readonly string[];
  /** The hosts' records, where we make them. */
  readonly records: HostRecords | undefined;
  readonly diff: readonly ObjectChange[];
  readonly drift: readonly ObjectChange[];
  readonly workloads: readonly Workload[];
}

/** What stands for chart and values together. */
export function contentDigest(wanted: Pick<WantedRelease, "chart" | "valuesDigest">): string {
  return digestOf({ chart: wanted.chart.sha256, values: wanted.valuesDigest });
}

/** What must change so that the release is exactly `wanted`; empty when it already is, and its objects are as released. Pure. */
export function planRelease(
  wanted: WantedRelease,
  observed: ObservedRelease,
  records: HostRecords | undefined,
): ReleasePlan {
  const { live } = observed;
  const state = stateOf(live.revisions);
  const content = contentDigest(wanted);
  const newest = live.revisions.at(-1);
  const current = state.kind === "deployed" && newest?.number === state.live.number ? state.live : undefined;
  const sameContent = current !== undefined && contentOf(current, live.revisions) === content;
  const drift = current ? driftOf(observed.released, observed.twin) : [];
  const upgrade = !sameContent || drift.length > 0;
  const diff = diffObjects(observed.released, wanted.objects);
  const writeSecrets = wanted.secrets.filter((secret) => observed.secretStates[secret.name] !== "same");
  const secretChanges = wanted.secrets.flatMap((secret) => {
    const accepted = wanted.accept.includes("DEPLOY_SECRET_FOREIGN");
    const change = secretChange(secret, observed.secretStates[secret.name] ?? "absent", {
      namespace: wanted.namespace,
      accepted,
    });
    return change ? [change] : [];
  });
  const restarts = restartsOf(wanted, observed, upgrade ? diff : []);
  const recreate = wanted.recreate && (upgrade || restarts.length > 0) ? observed.deadlocked : [];
  // Deployments that went first must be made again, even where nothing of the release itself differs.
  const remake = !upgrade && recreate.length > 0;
  const workloads = workloadsOf(wanted.objects, wanted.models);
  const releasedNames = workloadsOf(observed.released, wanted.models).map((workload) => workload.name);
  const unfinished = current && unfinishedRollout(releasedNames, live.deployments, live.revisions);
  const createNamespace = live.namespace === undefined;
  return {
    changes: [
      ...(createNamespace ? [namespaceChange(wanted.namespace)] : []),
      ...secretChanges,
      ...(upgrade ? releaseChanges(wanted, current ?? newest, diff, drift, observed.released, recreate) : []),
      ...(unfinished && current && !upgrade ? [unfinishedChange(wanted, current, unfinished)] : []),
      ...restarts.map((name): Change => restartChange(name, wanted, recreate)),
      ...(records?.changes ?? []),
    ],
    endState: {
      cluster: wanted.cluster,
      namespace: wanted.namespace,
      release: wanted.release,
      chart: wanted.chart.sha256,
      values: wanted.valuesDigest,
      secrets: wanted.secretDigests,
      ...(records ? { dns: { zone: records.zone, hosts: records.hosts } } : {}),
    },
    content,
    state,
    createNamespace,
    upgrade: upgrade || remake,
    unfinished,
    writeSecrets,
    restarts: restarts.filter((name) => !recreate.includes(name)),
    recreate,
    records,
    diff,
    drift,
    workloads,
  };
}

function namespaceChange(name: string): Change {
  return { verb: "create", kind: "namespace", name, to: "Active", reason: "the release's namespace" };
}

/** Nothing is written; but the rollout is seen to its end under the Lease, and undone where it fails. */
function unfinishedChange(wanted: WantedRelease, current: Revision, { deployments }: Unfinished): Change {
  return {
    verb: "adopt",
    kind: "release",
    name: `${wanted.namespace}/${wanted.release}`,
    from: `revision ${current.number}, not healthy yet: ${deployments.join(", ")}`,
    to: `revision ${current.number}, healthy`,
    reason: "an earlier run was cut off before it was healthy",
  };
}

function restartChange(name: string, wanted: WantedRelease, recreate: readonly string[]): Change {
  const model = modelOf(name, wanted.models);
  return {
    verb: "restart",
    kind: "model",
    name: model,
    from: "old secret",
    to: "new secret",
    reason: `its pods read a Secret that changed${recreate.includes(name) ? "; old pods go first: downtime" : ""}`,
  };
}

function releaseChanges(
  wanted: WantedRelease,
  before: Revision | undefined,
  diff: readonly ObjectChange[],
  drift: readonly ObjectChange[],
  released: readonly ManifestObject[],
  recreate: readonly string[],
): readonly Change[] {
  const to = `${wanted.chart.name} ${wanted.chart.version}`;
  const release: Change = {
    verb: before ? "upgrade" : "install",
    kind: "release",
    name: `${wanted.namespace}/${wanted.release}`,
    ...(before
      ? { from: `${before.chart.name} ${before.chart.version}, revision ${before.number}, ${before.status}` }
      : {}),
    to,
    reason: reasonOf(before, diff, drift),
  };
  return [release, ...modelChanges(wanted, diff, released, recreate)];
}

function reasonOf(before: Revision | undefined, diff: readonly ObjectChange[], drift: readonly ObjectChange[]): string {
  if (!before) return "not installed yet";
  const number = (verb: ObjectChange["verb"]) => diff.filter((change) => change.verb === verb).length;
  const parts = [
    number("add") ? `${count(number("add"), "object")} added` : "",
    number("change") ? `${number("change")} changed` : "",
    number("remove") ? `${number("remove")} removed` : "",
    drift.length
      ? `live differs from the release: ${drift.map((change) => nameOf({ kind: change.kind, metadata: { name: change.name } })).join(", ")}`
      : "",
  ].filter((part) => part !== "");
  return parts.join(", ") || "chart or values differ, the objects do not";
}

/** One line per model that comes, changes or goes, with the GPUs that it takes or frees. */
function modelChanges(
  wanted: WantedRelease,
  diff: readonly ObjectChange[],
  released: readonly ManifestObject[],
  recreate: readonly string[],
): readonly Change[] {
  const fresh = workloadsOf(wanted.objects, wanted.models);
  const old = workloadsOf(released, wanted.models);
  return diff
    .filter((change) => change.kind === "Deployment")
    .map((change): Change => {
      const [from, to] = [old, fresh].map((list) => list.find((workload) => workload.name === change.name));
      const name = (to ?? from)?.model ?? change.name;
      const shown = (workload: Workload | undefined) => workload && count(workload.replicas * workload.gpus, "GPU");
      const common = { kind: "model", name, ...(from ? { from: shown(from) ?? "" } : {}) };
      if (change.verb === "add") return { ...common, verb: "create", to: shown(to) ?? "", reason: "new in the values" };
      if (change.verb === "remove") return { ...common, verb: "delete", reason: "no longer in the values" };
      const fields = change.fields.map((field) => field.path.split(".").at(-1)).slice(0, 4);
      const reason = `${[...new Set(fields)].join(", ")} changes${recreate.includes(change.name) ? "; old pods go first: downtime" : ""}`;
      return { ...common, verb: "update", to: shown(to) ?? "", reason };
    });
}
