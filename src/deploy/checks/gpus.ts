import { count } from "../../action/describe.ts";
import { isSeen, type Seen } from "../../facts/looking.ts";
import type { NodeGroup } from "../../facts/node-groups.ts";
import type { GpuVerdict, NodeGpus } from "../gpus.ts";
import { type Check, failed, notLookedAt, passed, warned } from "./check.ts";

/** What the checks of the GPUs rest on. */
export interface GpuFacts {
  /** Nodes, and whether the new pods fit; absent where nodes or pods may not be read. */
  readonly gpus:
    | { readonly nodes: readonly NodeGpus[]; readonly verdict: GpuVerdict; readonly canGrow: boolean }
    | undefined;
  readonly surge: "auto" | "recreate" | "wait";
  /** Nodes that are meant to have GPUs (label, taint, feature discovery) and offer none. */
  readonly silentNodes: readonly string[];
  /** `status.state` of the GPU Operator's ClusterPolicy; absent: there is none, or it may not be read. */
  readonly operator: string | undefined;
  /** GPUs that are offered by the newer way of ResourceSlices. */
  readonly resourceSlices: boolean;
  readonly nodeGroups: Seen<readonly NodeGroup[]>;
  /** What may bring nodes besides node groups: Karpenter, Auto Mode. */
  readonly autoscaler: string | undefined;
}

/** Why missing GPUs may still come; `undefined`: nothing says so. */
export function capacityToCome(facts: Pick<GpuFacts, "gpus" | "nodeGroups" | "autoscaler">): string | undefined {
  if (facts.autoscaler) return `${facts.autoscaler} may bring nodes`;
  if (facts.gpus?.canGrow) return "an autoscaler may bring nodes";
  const groups = isSeen(facts.nodeGroups) ? facts.nodeGroups.filter((group) => group.gpus) : [];
  const coming = groups.find((group) => group.status === "CREATING" || group.capacityType === "CAPACITY_BLOCK");
  if (coming)
    return `node group ${coming.name} waits for its ${coming.capacityType === "CAPACITY_BLOCK" ? "reservation" : "nodes"}`;
  const empty = groups.find((group) => group.desired === 0 && group.maximum > 0);
  return empty && `node group ${empty.name} is at 0 of at most ${empty.maximum} nodes`;
}

/** Whether GPUs are offered, and enough of them. */
export function gpuChecks(facts: GpuFacts): readonly Check[] {
  return [...health(facts), capacity(facts)];
}

/** What nodes offer is the truth; the operator may be `ready` over nothing. */
function health({ silentNodes, operator, gpus }: GpuFacts): readonly Check[] {
  const name = "GPU Operator or device plugin";
  const offering = gpus?.nodes.length ?? 0;
  const said = operator === undefined ? "" : `; the GPU Operator says ${operator}`;
  if (silentNodes.length > 0)
    return [
      warned(
        name,
        "DEPLOY_GPU_PLUGIN",
        `${silentNodes.join(", ")} should have GPUs and offer none${said}`,
        "Look at the device plugin there: kubectl get pods -n gpu-operator -o wide; kubectl describe node <node>",
      ),
    ];
  if (operator !== undefined && operator !== "ready")
    return [
      warned(
        name,
        "DEPLOY_GPU_PLUGIN",
        `the GPU Operator says ${operator}; ${count(offering, "node")} with GPUs`,
        "Look at its pods: kubectl get pods -n gpu-operator",
      ),
    ];
  return offering > 0 ? [passed(name, `${count(offering, "node")} with GPUs${said}`)] : [];
}

function capacity(facts: GpuFacts): Check {
  const { gpus, surge } = facts;
  const name = "GPUs for the new pods";
  if (!gpus) return notLookedAt(name, "nodes or pods of the cluster may not be read");
  const { nodes, verdict } = gpus;
  const all = nodes.reduce((sum, node) => sum + node.all, 0);
  const free = nodes.reduce((sum, node) => sum + node.free, 0);
  if (verdict.kind === "fits") return passed(name, `${free} of ${all} free on ${count(nodes.length, "node")}`);
  const coming = surge === "wait" ? "surge is wait" : capacityToCome(facts);
  const result = coming ? warned : failed;
  const and = coming ? `; ${coming}` : "";
  if (verdict.kind === "deadlock") {
    const told = `${verdict.workloads.join(", ")} would need ${verdict.needed} GPUs beside the old pods, and ${verdict.free} are free`;
    if (surge === "recreate") return passed(name, `${told}; the old pods go first`);
    return result(
      name,
      "DEPLOY_SURGE_DEADLOCK",
      `${told}${and}`,
      "Set surge: recreate (old pods go first, with downtime), surge: wait where capacity will come, or free GPUs.",
    );
  }
  if (all > 0)
    return result(
      name,
      "DEPLOY_GPU_SHORT",
      `${verdict.needed} needed, ${verdict.available} can be free, at most ${verdict.largest} on one node${and}`,
      "Add GPU nodes, lower gpus, remove a model, or set surge: wait where capacity will come.",
    );
  return result(
    name,
    "DEPLOY_GPU_ABSENT",
    `${absent(facts)}${and}`,
    "Check GPU nodes and the NVIDIA GPU Operator: kubectl get pods -n gpu-operator. If nodes come later, set surge: wait.",
  );
}

function absent({ operator, resourceSlices }: GpuFacts): string {
  const what = "no node advertises nvidia.com/gpu";
  if (resourceSlices)
    return `${what}: this cluster offers its GPUs as ResourceSlices, which the chart does not ask for`;
  return operator === "ready" ? `${what}; the GPU Operator says ready, over nothing` : what;
}
