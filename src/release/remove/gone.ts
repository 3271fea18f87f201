import type { Context } from "../../action/context.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { Namespace, Pod } from "../../cluster/objects.ts";
import { deployments, namespaces, pods, replicaSets } from "../../cluster/resources.ts";
import { RemoteError } from "../../errors.ts";
import { untilGone } from "./wait.ts";

/** Waits until the pods of an uninstalled release have ended: until then they hold their GPUs. `RELEASE_REMOVE_PODS` where they do not end. */
export function podsGone(release: string, namespace: string, cluster: Cluster, ctx: Context): Promise<void> {
  const look = async () => {
    const left = await leftPods(release, namespace, cluster);
    return left.length === 0 ? undefined : left.map(({ metadata }) => metadata.name);
  };
  const waiting = (names: readonly string[]) => `Waiting for the pods ${names.join(", ")} to end`;
  const stuck = (names: readonly string[]) => {
    throw new RemoteError("RELEASE_REMOVE_PODS", {
      happened: `The release is uninstalled, and its pods ${names.join(", ")} are still there: they hold their GPUs.`,
      next: `See why they do not end: kubectl describe pod -n ${namespace} ${names[0]} (a node that is gone keeps its pods until it is deleted), then run remove again.`,
    });
  };
  return untilGone({ look, waiting, stuck }, ctx);
}

/** Pods with the release's label that nothing keeps any more; whoever else uses the label has a Deployment for them. */
async function leftPods(release: string, namespace: string, cluster: Cluster): Promise<readonly Pod[]> {
  const [all, sets, owners] = await Promise.all([
    cluster.list(pods, { namespace }),
    cluster.list(replicaSets, { namespace }),
    cluster.list(deployments, { namespace }),
  ]);
  const live = new Set(
    owners.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.uid),
  );
  const kept = new Set(
    sets
      .filter(({ metadata }) => (metadata.ownerReferences ?? []).some(({ uid }) => live.has(uid)))
      .map(({ metadata }) => metadata.uid),
  );
  return all.filter(({ metadata }) => {
    const { labels = {}, ownerReferences = [], deletionTimestamp } = metadata;
    if (labels["app.kubernetes.io/instance"] !== release) return false;
    if (deletionTimestamp) return true;
    return ownerReferences.some(({ kind, uid }) => kind === "ReplicaSet" && !kept.has(uid));
  });
}

/** Waits until a namespace that was deleted is gone; one that nobody deleted stays. `RELEASE_REMOVE_NAMESPACE` where something in it holds it. */
export function namespaceGone(name: string, cluster: Cluster, ctx: Context): Promise<void> {
  const look = async () => {
    const found = await cluster.get(namespaces, name);
    return found?.metadata.deletionTimestamp ? found : undefined;
  };
  const waiting = () => `Waiting for the namespace ${name} to be emptied`;
  const stuck = ({ status }: Namespace) => {
    const holding = (status?.conditions ?? []).filter((condition) => condition.status === "True");
    const why = holding.map(({ message = "" }) => message).join("; ");
    throw new RemoteError("RELEASE_REMOVE_NAMESPACE", {
      happened: `The namespace ${name} is deleted, and Kubernetes cannot empty it${why === "" ? "" : `: ${why}`}.`,
      next: `Whoever set the finalizers must let go: see kubectl get namespace ${name} -o yaml, then run remove again.`,
    });
  };
  return untilGone({ look, waiting, stuck }, ctx);
}
