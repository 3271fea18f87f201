import type { Context } from "../action/context.ts";
import type { Change } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import type { Helm } from "../helm/find.ts";
import type { Check } from "./checks/check.ts";
import { capacityToCome } from "./checks/gpus.ts";
import { diffObjects, replacesPods } from "./diff.ts";
import { type ImageFact, imageFacts } from "./expected-images.ts";
import { canGrow, type GpuChange, judgeGpus, nodeGpus } from "./gpus.ts";
import { contentOf, stateOf } from "./history.ts";
import { type HostRecords, observeHostRecords } from "./host-records.ts";
import { type Live, readLive, readTwins } from "./live.ts";
import { type ManifestObject, nameOf, parseManifest } from "./manifest.ts";
import { contentDigest, type ObservedRelease, type WantedRelease } from "./plan.ts";
import { preflight } from "./preflight.ts";
import { type Capacity, preflightFacts } from "./preflight-facts.ts";
import type { ReleasePlace } from "./release.ts";
import { type HelmContent, renderObjects } from "./render.ts";
import { restartsOf } from "./restarts.ts";
import { secretState } from "./secrets.ts";
import { isOwnedBy, podsOf } from "./snapshot.ts";
import { workloadsOf } from "./workloads.ts";

/** What observing needs. */
export interface ObserveMeans extends ReleasePlace {
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly content: HelmContent;
  /** All of the wish but its objects, which are rendered here. */
  readonly wanted: Omit<WantedRelease, "objects">;
  readonly surge: "auto" | "recreate" | "wait";
  readonly preflight: "true" | "only" | "false";
  readonly pushed: PushedImages;
  /** S3 prefix of each model, by key. */
  readonly prefixes: Readonly<Record<string, string>>;
  /** Changes of earlier steps: what they bring counts as there. */
  readonly upcoming: readonly Change[];
  readonly dns: "none" | "route53";
  readonly hostedZoneId: string | undefined;
  readonly aws: () => Promise<Aws>;
  /** Set where AWS may be asked about what surrounds the cluster. */
  readonly askAws: (() => Promise<Aws>) | undefined;
}

/** The world, the wish, and what preflight found. */
export interface Observation {
  readonly wanted: WantedRelease;
  readonly observed: ObservedRelease;
  readonly checks: readonly Check[];
  readonly images: readonly ImageFact[];
  /** Something may bring GPUs that are missing: a pod that waits for them is no failure. */
  readonly mayGrow: boolean;
  readonly records: HostRecords | undefined;
}

/** Reads everything that the plan rests on. A release that already is what is wanted is not rendered again. */
export async function observeRelease(means: ObserveMeans, ctx: Context): Promise<Observation> {
  const { cluster, wanted } = means;
  const own = cluster.within(ctx);
  const live = await readLive(
    own,
    means,
    wanted.secrets.map((secret) => secret.name),
  );
  const state = stateOf(live.revisions);
  const released = state.kind === "deployed" ? parseManifest(state.live.manifest, means.namespace) : [];
  const same =
    state.kind === "deployed" &&
    state.live.number === state.newest.number &&
    contentOf(state.live, live.revisions) === contentDigest(wanted);
  const objects = same
    ? released
    : await renderObjects(
        means.helm,
        means.content,
        { ...means, kubernetes: live.kubernetes, upgrade: state.kind === "deployed" },
        ctx,
      );
  const twins = await readTwins(own, released, ctx);
  const secretStates = Object.fromEntries(
    wanted.secrets.map((secret) => [secret.name, secretState(secret, live.secrets[secret.name], wanted.owner)]),
  );
  const whole: WantedRelease = { ...wanted, objects };
  const restarting = restartsOf(whole, { live, secretStates }, []);
  const capacity = gpuFacts(live, released, objects, wanted.models, restarting);
  const observed: ObservedRelease = {
    live,
    released,
    secretStates,
    // What may not be read, or is of a kind that only helm knows, counts as it was released.
    twin: (object) => {
      const twin = twins.get(nameOf(object));
      return twin === "unknown" ? object : twin;
    },
    deadlocked: capacity?.verdict.kind === "deadlock" ? capacity.verdict.workloads : [],
  };
  const references = workloadsOf(objects, wanted.models).flatMap((workload) => workload.images);
  const images = await imageFacts({ ...means, references, aws: means.askAws }, ctx);
  const starts = !same || restarting.length > 0;
  const looks = means.preflight === "only" || (means.preflight === "true" && starts);
  const facts = looks ? await preflightFacts(means, whole, observed, capacity, images, ctx) : undefined;
  const records = await observeHostRecords(
    { ...means, owner: wanted.owner },
    objects,
    means.namespace,
    cluster,
    means.aws,
    ctx,
  );
  const mayGrow = facts !== undefined && capacityToCome(facts.gpus) !== undefined;
  return { wanted: whole, observed, checks: facts ? preflight(facts) : [], images, mayGrow, records };
}

function gpuFacts(
  live: Live,
  released: readonly ManifestObject[],
  objects: readonly ManifestObject[],
  models: readonly string[],
  restarting: readonly string[],
): Capacity | undefined {
  if (!live.capacity) return undefined;
  const nodes = nodeGpus(live.capacity.nodes, live.capacity.pods);
  const diff = diffObjects(released, objects);
  const replaced = new Set([...restarting, ...diff.filter(replacesPods).map((change) => change.name)]);
  const find = (name: string) => live.deployments.find((item) => item.metadata.name === name);
  const changes: readonly GpuChange[] = workloadsOf(objects, models).map((workload) => ({
    workload,
    live: find(workload.name),
    replaced: replaced.has(workload.name),
  }));
  const gone = diff.filter((change) => change.verb === "remove" && change.kind === "Deployment");
  const all = (deployment: Parameters<typeof podsOf>[1]) => {
    const { current, old } = podsOf(live, deployment);
    return [...current, ...old];
  };
  const leaving = gone.flatMap((change) => {
    const deployment = find(change.name);
    return deployment ? all(deployment) : [];
  });
  // Pods of an attempt that failed give their GPUs back to the next one.
  const orphans = live.deployments.flatMap((deployment) =>
    live.pods.filter(
      (pod) =>
        pod.metadata.deletionTimestamp &&
        live.replicaSets.some((set) => isOwnedBy(set, deployment) && isOwnedBy(pod, set)),
    ),
  );
  return {
    nodes,
    changes,
    canGrow: canGrow(live.capacity.nodes),
    verdict: judgeGpus(nodes, changes, all, [...leaving, ...orphans.filter((pod) => !leaving.includes(pod))]),
  };
}
