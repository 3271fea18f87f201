import { podRequests } from "../admission.ts";
import { quantityOf } from "../quantity.ts";
import type { Node, NodeSelectorTerm, Pod, PodSpec, Toleration } from "../types.ts";
import { holds, withCondition } from "./conditions.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { atStatus, schedulerWriter } from "./context.ts";
import { recordEvent } from "./events.ts";

interface Verdict {
  /** Empty where the pod fits. */
  readonly reasons: readonly string[];
  /** Whether evicting others could make room. */
  readonly preemptible: boolean;
}

/** Binds pods to nodes by taints, selectors and resources; what fits nowhere waits with the real scheduler's words. */
export class Scheduler implements Controller {
  readonly watches = ["pods", "nodes"];
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
  }

  reconcile(): void {
    for (const pod of this.context.store.list<Pod>("pods")) {
      if (!pod.spec.nodeName && !pod.metadata.deletionTimestamp) this.schedule(pod);
    }
  }

  private schedule(pod: Pod): void {
    const { api, now } = this.context;
    const nodes = this.context.store.list<Node>("nodes");
    const verdicts = nodes.map((node) => this.judge(pod, node));
    const node = nodes[verdicts.findIndex(({ reasons }) => reasons.length === 0)];
    if (node) {
      api.modify<Pod>(
        "pods",
        pod,
        (draft) => {
          draft.spec.nodeName = node.metadata.name;
        },
        schedulerWriter,
      );
      api.modify<Pod>(
        "pods",
        pod,
        (draft) => {
          draft.status.conditions = withCondition(
            draft.status.conditions,
            { type: "PodScheduled", status: "True" },
            now.call(this.context),
          );
        },
        atStatus(schedulerWriter),
      );
      const message = `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node.metadata.name}`;
      recordEvent(this.context, "default-scheduler", pod, { type: "Normal", reason: "Scheduled", message });
      return;
    }
    const message = explain(verdicts);
    const before = pod.status.conditions?.find((one) => one.type === "PodScheduled");
    if (before?.message === message) return;
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message } as const;
    api.modify<Pod>(
      "pods",
      pod,
      (draft) => {
        draft.status.conditions = withCondition(draft.status.conditions, condition, this.context.now());
      },
      atStatus(schedulerWriter),
    );
    recordEvent(this.context, "default-scheduler", pod, { type: "Warning", reason: "FailedScheduling", message });
  }

  private judge(pod: Pod, node: Node): Verdict {
    if (node.spec.unschedulable) return { reasons: ["node(s) were unschedulable"], preemptible: false };
    if (!holds(node.status.conditions, "Ready")) {
      return { reasons: ["node(s) had untolerated taint {node.kubernetes.io/not-ready: }"], preemptible: false };
    }
    const taint = (node.spec.taints ?? []).find(
      (one) => one.effect !== "PreferNoSchedule" && !tolerated(one, pod.spec.tolerations),
    );
    if (taint)
      return { reasons: [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`], preemptible: false };
    if (!selected(pod.spec, node))
      return { reasons: ["node(s) didn't match Pod's node affinity/selector"], preemptible: false };
    return this.judgeResources(pod, node);
  }

  private judgeResources(pod: Pod, node: Node): Verdict {
    const wanted = requestsOf(pod);
    const used = new Map<string, number>();
    let pods = 0;
    for (const other of this.context.store.list<Pod>("pods")) {
      if (other.spec.nodeName !== node.metadata.name || ["Succeeded", "Failed"].includes(other.status.phase)) continue;
      pods += 1;
      for (const [name, value] of requestsOf(other)) used.set(name, (used.get(name) ?? 0) + value);
    }
    const reasons: string[] = [];
    let preemptible = true;
    if (pods >= quantityOf(node.status.allocatable["pods"] ?? "110")) reasons.push("Too many pods");
    for (const [name, value] of wanted) {
      const whole = quantityOf(node.status.allocatable[name]);
      if ((used.get(name) ?? 0) + value <= whole) continue;
      reasons.push(`Insufficient ${name}`);
      if (value > whole) preemptible = false;
    }
    return { reasons, preemptible };
  }
}

/** Plain resource names of what the pod requests. */
function requestsOf(pod: Pod): Map<string, number> {
  const found = new Map<string, number>();
  for (const [name, value] of podRequests(pod)) {
    if (name.startsWith("requests.") && value > 0) found.set(name.slice("requests.".length), value);
  }
  return found;
}

function explain(verdicts: readonly Verdict[]): string {
  const total = verdicts.length;
  if (total === 0) return "no nodes available to schedule pods";
  const tally = (texts: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
    return [...counts]
      .map(([text, count]) => `${count} ${text}`)
      .sort()
      .join(", ");
  };
  const reasons = tally(verdicts.flatMap((verdict) => verdict.reasons));
  const preemption = tally(
    verdicts.map(({ preemptible }) =>
      preemptible ? "No preemption victims found for incoming pod" : "Preemption is not helpful for scheduling",
    ),
  );
  return `0/${total} nodes are available: ${reasons}. no new claims to deallocate, preemption: 0/${total} nodes are available: ${preemption}.`;
}

function tolerated(
  taint: { key: string; value?: string; effect: string },
  tolerations: readonly Toleration[] = [],
): boolean {
  return tolerations.some((one) => {
    if (one.effect !== undefined && one.effect !== taint.effect) return false;
    if (one.key === undefined) return one.operator === "Exists";
    return one.key === taint.key && (one.operator === "Exists" || (one.value ?? "") === (taint.value ?? ""));
  });
}

function selected(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => matchesTerm(term, labels));
}

function matchesTerm(term: NodeSelectorTerm, labels: Readonly<Record<string, string>>): boolean {
  return (term.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === "In") return value !== undefined && values.includes(value);
    if (operator === "NotIn") return value === undefined || !values.includes(value);
    if (operator === "Gt") return Number(value) > Number(values[0]);
    if (operator === "Lt") return Number(value) < Number(values[0]);
    return (value !== undefined) === (operator === "Exists");
  });
}
