import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { missingRights, type Right } from "../cluster/access.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { secrets } from "../cluster/resources.ts";
import type { Helm } from "../helm/find.ts";
import { diffObjects } from "./diff.ts";
import { canGrow, type GpuChange, judgeGpus, nodeGpus } from "./gpus.ts";
import { contentOf, stateOf } from "./history.ts";
import { type HostRecords, observeHostRecords } from "./host-records.ts";
import { type Live, readLive, readTwins } from "./live.ts";
import { type ManifestObject, nameOf, parseManifest } from "./manifest.ts";
import { contentDigest, type ObservedRelease, replacesPods, type WantedRelease } from "./plan.ts";
import { type Check, preflight } from "./preflight.ts";
import type { ReleasePlace } from "./release.ts";
import { type HelmContent, renderObjects } from "./render.ts";
import { secretState } from "./secrets.ts";
import { isOwnedBy, podsOf } from "./snapshot.ts";
import { ingressFacts } from "./surroundings.ts";
import { secretsRead, workloadsOf } from "./workloads.ts";

/** What observing needs. */
export interface ObserveMeans extends ReleasePlace {
  readonly cluster: Cluster;
  readonly helm: Helm;
  readonly content: HelmContent;
  /** All of the wish but its objects, which are rendered here. */
  readonly wanted: Omit<WantedRelease, "objects">;
  readonly surge: "auto" | "recreate" | "wait";
  readonly preflight: boolean;
  readonly dns: "none" | "route53";
  readonly hostedZoneId: string | undefined;
  readonly aws: () => Promise<Aws>;
}

/** The world, the wish, and what preflight found. */
export interface Observation {
  readonly wanted: WantedRelease;
  readonly observed: ObservedRelease;
  readonly checks: readonly Check[];
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
  const twins = same ? await readTwins(own, released, ctx) : new Map();
  const capacity = gpuFacts(live, released, objects, wanted.models);
  const whole: WantedRelease = { ...wanted, objects };
  const observed: ObservedRelease = {
    live,
    released,
    secretStates: Object.fromEntries(
      wanted.secrets.map((secret) => [secret.name, secretState(secret, live.secrets[secret.name], wanted.owner)]),
    ),
    // What may not be read, or is of a kind that only helm knows, counts as it was released.
    twin: (object) => {
      const twin = twins.get(nameOf(object));
      return twin === "unknown" ? object : twin;
    },
    deadlocked: capacity?.verdict.kind === "deadlock" ? capacity.verdict.workloads : [],
  };
  const checks = means.preflight && !same ? preflight(await preflightFacts(means, whole, observed, capacity, ctx)) : [];
  const records = await observeHostRecords(
    { ...means, owner: wanted.owner },
    objects,
    means.namespace,
    cluster,
    means.aws,
    ctx,
  );
  return { wanted: whole, observed, checks, records };
}

function gpuFacts(
  live: Live,
  released: readonly ManifestObject[],
  objects: readonly ManifestObject[],
  models: readonly string[],
) {
  if (!live.capacity) return undefined;
  const nodes = nodeGpus(live.capacity.nodes, live.capacity.pods);
  const diff = diffObjects(released, objects);
  const replaced = new Set(diff.filter(replacesPods).map((change) => change.name));
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
    canGrow: canGrow(live.capacity.nodes),
    verdict: judgeGpus(nodes, changes, all, [...leaving, ...orphans.filter((pod) => !leaving.includes(pod))]),
  };
}

async function preflightFacts(
  means: ObserveMeans,
  wanted: WantedRelease,
  { live }: ObservedRelease,
  gpus: ReturnType<typeof gpuFacts>,
  ctx: Context,
) {
  const own = means.cluster.within(ctx);
  const [missing, ingress, missingSecrets] = await Promise.all([
    missingRights(own, rightsOf(means.namespace, live.namespace === undefined)),
    ingressFacts(own),
    secretsMissing(own, means.namespace, wanted),
  ]);
  return {
    namespace: means.namespace,
    release: means.release,
    chart: wanted.chart,
    live,
    newest: live.revisions.at(-1),
    missingRights: missing.map((right) => `${right.verb} ${right.resource}`),
    gpus,
    surge: means.surge,
    controllerPods: ingress.controllerPods,
    autoMode: ingress.autoMode,
    ingressClass: { wanted: classesOf(wanted.objects), known: ingress.classes },
    missingSecrets,
  };
}

function classesOf(objects: readonly ManifestObject[]): readonly string[] {
  return objects
    .filter((object) => object.kind === "Ingress")
    .map((object) => (object["spec"] as { ingressClassName?: string } | undefined)?.ingressClassName ?? "")
    .filter((name) => name !== "");
}

/** Secrets that pods read and that nobody brings: not the chart, not we, not the namespace. */
async function secretsMissing(cluster: Cluster, namespace: string, wanted: WantedRelease): Promise<readonly string[]> {
  const read = new Set(
    workloadsOf(wanted.objects, wanted.models).flatMap((workload) => [
      ...secretsRead(workload.object.spec.template.spec),
    ]),
  );
  const brought = new Set([
    ...wanted.secrets.map((secret) => secret.name),
    ...wanted.objects.filter((object) => object.kind === "Secret").map((object) => object.metadata.name),
  ]);
  const asked = [...read].filter((name) => !brought.has(name));
  const found = await Promise.all(asked.map((name) => cluster.get(secrets, name, namespace).catch(() => "unknown")));
  return asked.filter((_, index) => found[index] === undefined);
}

/** What the release will do; the cluster is asked before it is tried. */
function rightsOf(namespace: string, creates: boolean): readonly Right[] {
  const within = (verb: string, group: string, resource: string): Right => ({ verb, group, resource, namespace });
  return [
    ...(creates ? [{ verb: "create", group: "", resource: "namespaces" }] : []),
    within("create", "coordination.k8s.io", "leases"),
    within("update", "coordination.k8s.io", "leases"),
    within("delete", "coordination.k8s.io", "leases"),
    within("create", "", "secrets"),
    within("patch", "", "secrets"),
    within("patch", "apps", "deployments"),
    within("create", "apps", "deployments"),
    within("create", "", "services"),
    within("create", "networking.k8s.io", "ingresses"),
    within("watch", "", "pods"),
    within("watch", "", "events"),
    within("watch", "apps", "replicasets"),
  ];
}
