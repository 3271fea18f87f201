import type { Context } from "../action/context.ts";
import type { Change } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import { missingRights, type Right } from "../cluster/access.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Ingress, ServiceAccount } from "../cluster/objects.ts";
import { resourceQuotas, secrets, serviceAccounts } from "../cluster/resources.ts";
import { hasAssociation } from "../facts/association.ts";
import { certificateFacts } from "../facts/certificate.ts";
import { checkpointFacts } from "../facts/checkpoint.ts";
import { look, type NotSeen, type Seen } from "../facts/looking.ts";
import type { IdentityFacts } from "./checks/identity.ts";
import type { ModelFacts } from "./checks/models.ts";
import type { ImageFact } from "./expected-images.ts";
import { type GpuChange, type GpuVerdict, type NodeGpus, silentGpuNodes, startingCount } from "./gpus.ts";
import { unlessForbidden } from "./live.ts";
import type { ManifestObject } from "./manifest.ts";
import { type Ask, albAnnotation, listed, networkFacts } from "./network-facts.ts";
import { objectFacts } from "./object-facts.ts";
import type { ObservedRelease, WantedRelease } from "./plan.ts";
import type { PreflightFacts } from "./preflight.ts";
import { gpuSurroundings, ingressFacts } from "./surroundings.ts";
import { secretsRead, workloadsOf } from "./workloads.ts";

/** What the facts are gathered from. */
export interface PreflightMeans {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly release: string;
  readonly surge: "auto" | "recreate" | "wait";
  /** S3 prefix of each model, by key. */
  readonly prefixes: Readonly<Record<string, string>>;
  readonly upcoming: readonly Change[];
  /** Absent where AWS is not asked. */
  readonly askAws: (() => Promise<Aws>) | undefined;
}

/** GPUs of the cluster, and what the upgrade does with them. */
export interface Capacity {
  readonly nodes: readonly NodeGpus[];
  readonly canGrow: boolean;
  readonly verdict: GpuVerdict;
  readonly changes: readonly GpuChange[];
}

const notAsked: NotSeen = {
  notSeen: "AWS is not asked for a cluster that a kubeconfig names, unless aws-account-id is given",
};

const notEks: NotSeen = { notSeen: "EKS is not asked about a cluster that a kubeconfig names" };

/** Reads what the checks judge, side by side; what may not be read is told in its place. */
export async function preflightFacts(
  means: PreflightMeans,
  wanted: WantedRelease,
  { live, released }: ObservedRelease,
  capacity: Capacity | undefined,
  images: readonly ImageFact[],
  ctx: Context,
): Promise<PreflightFacts> {
  const own = means.cluster.within(ctx);
  const { namespace, release } = means;
  const workloads = workloadsOf(wanted.objects, wanted.models);
  const rendered = wanted.objects.filter((object) => object.kind === "Ingress") as unknown as readonly Ingress[];
  const askAws = means.askAws;
  const ask = <T>(reading: (aws: Aws) => Promise<T>): Promise<Seen<T>> =>
    askAws ? look(async () => reading(await askAws())) : Promise.resolve(notAsked);
  // EKS does not know a cluster by the name that a kubeconfig gives it.
  const askEks: Ask = means.cluster.endpoint.kubeconfig ? () => Promise.resolve(notEks) : ask;
  const [missing, ingress, missingSecrets, quotas, gpuState, models, identities, certificates, network, objects] =
    await Promise.all([
      missingRights(own, rightsOf(namespace, live.namespace === undefined)),
      ingressFacts(own),
      secretsMissing(own, namespace, wanted),
      unlessForbidden(own.list(resourceQuotas, { namespace })),
      gpuSurroundings(own),
      Promise.all(workloads.map((workload) => modelFacts(workload, means, capacity, ask, ctx))),
      identityFacts(own, means, wanted, askEks, ctx),
      Promise.all(certificatesOf(rendered).map((arn) => ask((aws) => certificateFacts(arn, aws, ctx.signal)))),
      networkFacts(own, namespace, wanted, rendered, { eks: askEks, aws: ask }, ctx),
      objectFacts(own, means, wanted.objects, released, ctx),
    ]);
  const starting = (capacity?.changes ?? []).map((change) => ({
    workload: change.workload,
    pods: startingCount(change),
  }));
  return {
    cluster: {
      namespace,
      release,
      chart: wanted.chart,
      live,
      newest: live.revisions.at(-1),
      missingRights: missing.map((right) => `${right.verb} ${right.resource}`),
      controllerPods: ingress.controllerPods,
      autoMode: ingress.autoMode || network.autoMode,
      ingressClass: { wanted: classesOf(rendered), known: ingress.classes },
      missingSecrets,
    },
    objects,
    space: { name: namespace, namespace: live.namespace, quotas, starting, workloads },
    gpus: {
      gpus: capacity,
      surge: means.surge,
      silentNodes: live.capacity ? silentGpuNodes(live.capacity.nodes) : [],
      operator: gpuState.operator,
      resourceSlices: gpuState.resourceSlices,
      nodeGroups: network.nodeGroups,
      autoscaler: gpuState.karpenter ? "Karpenter" : network.autoMode ? "EKS Auto Mode" : undefined,
    },
    models: models.filter((facts) => wanted.models.includes(facts.model)),
    images,
    identities,
    certificates,
    hosts: rendered.flatMap((item) => (item.spec?.rules ?? []).flatMap(({ host }) => host ?? [])),
    network,
    emptyGroups: network.emptyGroups,
  };
}

async function modelFacts(
  workload: ReturnType<typeof workloadsOf>[number],
  { prefixes, upcoming }: PreflightMeans,
  capacity: Capacity | undefined,
  ask: Ask,
  ctx: Context,
): Promise<ModelFacts> {
  const { model, gpus, name } = workload;
  const prefix = prefixes[model];
  const change = capacity?.changes.find((item) => item.workload.name === name);
  const starts = !change || startingCount(change) > 0 || change.replaced;
  const common = { model, gpus, starts, prefix };
  if (prefix !== undefined && willBring(upcoming, prefix)) return { ...common, checkpoint: "upcoming" };
  const look = async (aws: Aws) => (prefix === undefined ? undefined : checkpointFacts(prefix, aws, ctx));
  return { ...common, checkpoint: await ask(look) };
}

/** Whether a change of an earlier step names the prefix, or something below it. */
function willBring(upcoming: readonly Change[], prefix: string): boolean {
  return upcoming.some(
    ({ verb, name, to }) =>
      verb !== "delete" &&
      [name, typeof to === "string" ? to : ""].some(
        (text) => `${text}/`.startsWith(`${prefix}/`) || text.startsWith(`${prefix}@`),
      ),
  );
}

/** The service accounts of models, and how their pods get credentials. */
async function identityFacts(
  cluster: Cluster,
  { namespace, upcoming }: PreflightMeans,
  wanted: WantedRelease,
  ask: Ask,
  ctx: Context,
): Promise<readonly IdentityFacts[]> {
  const models = workloadsOf(wanted.objects, wanted.models).filter(({ model }) => wanted.models.includes(model));
  const specs = models.map((workload) => workload.object.spec.template.spec);
  const names = [...new Set(specs.map((spec) => spec.serviceAccountName ?? "default"))];
  return Promise.all(
    names.map(async (account): Promise<IdentityFacts> => {
      const made = wanted.objects.find((item) => item.kind === "ServiceAccount" && item.metadata.name === account);
      const there = made ?? (await cluster.get(serviceAccounts, account, namespace).catch(() => "hidden" as const));
      const found = there === "hidden" ? undefined : (there as ServiceAccount | undefined);
      // A namespace gets its default account by itself.
      const exists = there === "hidden" ? undefined : found !== undefined || account === "default";
      const role = found?.metadata.annotations?.["eks.amazonaws.com/role-arn"];
      const pods = specs.filter((spec) => (spec.serviceAccountName ?? "default") === account);
      const staticKey = pods.every((spec) =>
        (spec.initContainers ?? spec.containers).some(
          (container) =>
            (container.envFrom ?? []).some((from) => from.secretRef) ||
            (container.env ?? []).some(({ name }) => name === "AWS_ACCESS_KEY_ID"),
        ),
      );
      const coming = upcoming.some(({ kind, verb }) => kind === "association" && verb !== "delete");
      const place = { namespace, name: account };
      const association =
        coming || role || staticKey
          ? coming
          : await ask((aws) => hasAssociation(wanted.cluster, place, aws, ctx.signal));
      return { account, namespace, exists, role, association, staticKey };
    }),
  );
}

function certificatesOf(rendered: readonly Ingress[]): readonly string[] {
  return [...new Set(rendered.flatMap(({ metadata }) => listed(albAnnotation({ metadata }, "certificate-arn"))))];
}

function classesOf(rendered: readonly Ingress[]): readonly string[] {
  return rendered.map((item) => item.spec?.ingressClassName ?? "").filter((name) => name !== "");
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
    ...wanted.objects
      .filter((object: ManifestObject) => object.kind === "Secret")
      .map((object) => object.metadata.name),
  ]);
  const asked = [...read].filter((name) => !brought.has(name));
  const found = await Promise.all(asked.map((name) => cluster.get(secrets, name, namespace).catch(() => "unknown")));
  return asked.filter((_, index) => found[index] === undefined);
}

/** What the release will do; the cluster is asked before it is tried. */
function rightsOf(namespace: string, creates: boolean): readonly Right[] {
  const within = (group: string, resource: string, ...verbs: readonly string[]): readonly Right[] =>
    verbs.map((verb) => ({ verb, group, resource, namespace }));
  return [
    ...(creates ? [{ verb: "create", group: "", resource: "namespaces" }] : []),
    ...within("coordination.k8s.io", "leases", "create", "update", "delete"),
    ...within("", "secrets", "create", "update", "patch", "delete"),
    ...within("", "services", "create", "patch", "delete"),
    ...within("", "serviceaccounts", "create", "patch"),
    ...within("apps", "deployments", "create", "patch", "delete"),
    ...within("networking.k8s.io", "ingresses", "create", "patch", "delete"),
    ...within("", "pods", "watch"),
    ...within("", "events", "watch"),
    ...within("apps", "replicasets", "watch"),
  ];
}
