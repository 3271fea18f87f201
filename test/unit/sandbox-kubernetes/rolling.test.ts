import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitsOf, rollingSteps } from "../../../sandbox/kubernetes/controllers/rolling.ts";
import type { Deployment, ReplicaSet } from "../../../sandbox/kubernetes/types.ts";

function deployment(replicas: number, maxSurge: number | string, maxUnavailable: number | string): Deployment {
  return {
    spec: { replicas, strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } } },
  } as Deployment;
}

function set(replicas: number, available: number): ReplicaSet {
  return { spec: { replicas }, status: { replicas, availableReplicas: available } } as ReplicaSet;
}

describe("the limits of a rolling update", () => {
  it("round the surge up and unavailability down: of one replica, one more and none less", () => {
    expect(limitsOf(deployment(1, "25%", "25%"))).toEqual({ maxSurge: 1, maxUnavailable: 0 });
    expect(limitsOf(deployment(10, "25%", "25%"))).toEqual({ maxSurge: 3, maxUnavailable: 2 });
  });

  it("let one be unavailable when both round to nothing", () => {
    expect(limitsOf(deployment(3, 0, "10%"))).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });
});

describe("a rolling update", () => {
  const limits = fc.oneof(
    fc.integer({ min: 0, max: 4 }),
    fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
  );

  it("reaches its end whatever the limits are, never above the surge and never below what must be available", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        limits,
        limits,
        fc.integer({ min: 0, max: 9 }),
        (replicas, surge, unavailable, healthy) => {
          const wanted = deployment(replicas, surge, unavailable);
          const { maxSurge, maxUnavailable } = limitsOf(wanted);
          const fresh = set(0, 0);
          const old = set(replicas, Math.min(healthy, replicas));
          const availableAtFirst = old.status?.availableReplicas ?? 0;
          for (let round = 0; round < 200; round += 1) {
            const steps = rollingSteps(wanted, fresh, [old]);
            if (steps.length === 0 && fresh.status?.availableReplicas === fresh.spec.replicas) break;
            for (const step of steps) {
              const before = step.set.spec.replicas;
              step.set.spec.replicas = step.replicas;
              // Scaled down sets lose their unavailable pods first.
              if (step.replicas < before)
                step.set.status!.availableReplicas = Math.min(step.set.status!.availableReplicas ?? 0, step.replicas);
            }
            expect(fresh.spec.replicas + old.spec.replicas).toBeLessThanOrEqual(replicas + maxSurge);
            const available = (fresh.status?.availableReplicas ?? 0) + (old.status?.availableReplicas ?? 0);
            expect(available).toBeGreaterThanOrEqual(Math.min(availableAtFirst, replicas - maxUnavailable));
            // The next pod of the new set becomes ready.
            fresh.status!.availableReplicas = Math.min(fresh.spec.replicas, (fresh.status?.availableReplicas ?? 0) + 1);
          }
          expect([fresh.spec.replicas, old.spec.replicas]).toEqual([replicas, 0]);
        },
      ),
    );
  });
});
