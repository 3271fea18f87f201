import type { Deployment, ReplicaSet } from "../types.ts";

/** How many pods an absolute number or a percentage is. */
function resolve(value: number | string | undefined, total: number, round: (n: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseInt(value ?? "25%", 10) / 100) * total);
}

/** maxSurge rounds up, maxUnavailable down; both zero would never move, so one pod may be unavailable then. */
export function limitsOf({ spec }: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (spec.strategy.type !== "RollingUpdate") return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = resolve(spec.strategy.rollingUpdate?.maxSurge, spec.replicas, Math.ceil);
  const maxUnavailable = resolve(spec.strategy.rollingUpdate?.maxUnavailable, spec.replicas, Math.floor);
  return maxSurge === 0 && maxUnavailable === 0 ? { maxSurge, maxUnavailable: 1 } : { maxSurge, maxUnavailable };
}

/** The next sizes in a rolling update: first the new set up as far as the surge allows, else old sets down as far as availability allows. */
export function rollingSteps(
  deployment: Deployment,
  fresh: ReplicaSet,
  old: readonly ReplicaSet[],
): { set: ReplicaSet; replicas: number }[] {
  const wanted = deployment.spec.replicas;
  const { maxSurge, maxUnavailable } = limitsOf(deployment);
  const total = [fresh, ...old].reduce((sum, set) => sum + set.spec.replicas, 0);
  if (fresh.spec.replicas > wanted) return [{ set: fresh, replicas: wanted }];
  if (fresh.spec.replicas < wanted && total < wanted + maxSurge) {
    const up = Math.min(wanted + maxSurge - total, wanted - fresh.spec.replicas);
    return [{ set: fresh, replicas: fresh.spec.replicas + up }];
  }
  const freshUnavailable = fresh.spec.replicas - (fresh.status?.availableReplicas ?? 0);
  let spare = total - (wanted - maxUnavailable) - freshUnavailable;
  const steps: { set: ReplicaSet; replicas: number }[] = [];
  const sizes = new Map(old.map((set) => [set, set.spec.replicas]));
  // Unhealthy old pods go first: they cost no availability.
  for (const set of old) {
    const unhealthy = set.spec.replicas - (set.status?.availableReplicas ?? 0);
    const down = Math.max(0, Math.min(unhealthy, spare));
    sizes.set(set, set.spec.replicas - down);
    spare -= down;
  }
  const available = [fresh, ...old].reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
  let healthySpare = available - (wanted - maxUnavailable);
  for (const set of old) {
    const down = Math.max(0, Math.min(sizes.get(set) ?? 0, healthySpare));
    sizes.set(set, (sizes.get(set) ?? 0) - down);
    healthySpare -= down;
  }
  for (const [set, replicas] of sizes) if (replicas !== set.spec.replicas) steps.push({ set, replicas });
  return steps;
}
