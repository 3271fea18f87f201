import type { Pod } from "../../cluster/objects.ts";
import { redact } from "../redact.ts";
import { eventsAbout, podsOf, type Snapshot } from "../snapshot.ts";
import { gpuResource, gpusOf } from "../workloads.ts";
import { type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";
import { currentPods } from "./pods.ts";

const guide = "kubectl describe pod";

/** Pods that no node takes: the scheduler's own words, sorted by what stands in the way. */
export function scheduling(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return currentPods(snapshot, scope).flatMap(({ pod, deployment }) => {
    const condition = pod.status?.conditions?.find((item) => item.type === "PodScheduled");
    if (pod.spec.nodeName || condition?.status !== "False" || pod.metadata.deletionTimestamp) return [];
    const event = eventsAbout(snapshot, pod).findLast((item) => item.reason === "FailedScheduling");
    const said = condition.message || event?.message || "";
    const growing = eventsAbout(snapshot, pod).some((item) => /^(TriggeredScaleUp|Nominated)$/.test(item.reason ?? ""));
    const old = podsOf(snapshot, deployment).old.filter((item) => item.spec.nodeName);
    const found = condition.reason === "SchedulingGated" ? gated(pod, snapshot) : reasonOf(said, pod, snapshot, old);
    const { canGrow: mayGrow, awaited } = snapshot.surroundings;
    const canGrow = growing || mayGrow === true;
    return [
      {
        object: named(pod, "Pod"),
        evidence: redact(said || condition.reason || "Unschedulable"),
        ...found,
        ...(canGrow && (awaited || found.code !== "DEPLOY_SURGE_DEADLOCK")
          ? {
              patience: patience.endless,
              cause: `${found.cause} The cluster can grow: a node may be on its way.`,
            }
          : {}),
      },
    ];
  });
}

type Found = Pick<Diagnosis, "code" | "cause" | "remedy" | "patience">;

function reasonOf(said: string, pod: Pod, snapshot: Snapshot, old: readonly Pod[]): Found {
  const gpus = gpusOf(pod.spec);
  const { gpus: all, freeGpus } = snapshot.surroundings;
  const taints = [...said.matchAll(/untolerated taint\(?s?\)?\s*\{([^}:,]+)/g)].map(([, taint = ""]) => taint.trim());
  // Nodes whose GPUs no pod may use are not short of them.
  const ofGpus = taints.find((taint) => /gpu|nvidia/i.test(taint));
  if (ofGpus) return tainted(ofGpus);
  if (/Insufficient nvidia\.com\/gpu/.test(said)) {
    const held = old.reduce((sum, item) => sum + gpusOf(item.spec), 0);
    if (held > 0)
      return {
        code: "DEPLOY_SURGE_DEADLOCK",
        cause: `The new pod needs ${gpus} GPUs while the old one still holds ${held}: a rolling update waits for ever.`,
        remedy: "Run again with surge: recreate (the old pods go first, with downtime), or free GPUs.",
        patience: patience.usual,
      };
    if (all === 0) return absent(gpus);
    return {
      code: "DEPLOY_GPU_SHORT",
      cause: `No node has ${gpus} free GPUs${all === undefined ? "" : ` (${freeGpus ?? 0} of ${all} are free in all)`}.`,
      remedy: `Add GPU nodes, lower gpus, or free some: kubectl get pods -A -o wide --field-selector spec.nodeName!=`,
      patience: patience.usual,
    };
  }
  if (gpus > 0 && all === 0) return absent(gpus);
  if (/PersistentVolumeClaim|volume node affinity|persistent ?volume/i.test(said))
    return {
      code: "DEPLOY_VOLUME",
      cause: "The pod waits for a volume that is not there, or lies in another zone than its nodes.",
      remedy: `Look at it: kubectl get pvc -n ${snapshot.namespace}; its storage class needs a CSI driver: kubectl get storageclass`,
      patience: patience.usual,
    };
  const waiting = taints.filter((taint) => passing.test(taint));
  const lasting = taints.find((taint) => !passing.test(taint) && taint !== fargate);
  if (waiting.length > 0 && !lasting)
    return {
      code: "DEPLOY_NODE_LOST",
      cause: `Nodes that would fit take no pods for the moment (${waiting.join(", ")}).`,
      remedy: "Look at the nodes: kubectl get nodes; kubectl describe node <name>",
      patience: patience.long,
    };
  if (lasting || /untolerated taint\(s\)/.test(said)) return tainted(lasting);
  if (/Too many pods/.test(said) && !/Insufficient/.test(said))
    return {
      code: "DEPLOY_RESOURCES_SHORT",
      cause: "The nodes have as many pods as they take.",
      remedy: "Add nodes, or raise the number of pods per node (prefix delegation of the VPC CNI).",
      patience: patience.usual,
    };
  const resource = /Insufficient ([\w./-]+)/.exec(said)?.[1]?.replace(/\.$/, "");
  if (resource)
    return {
      code: "DEPLOY_RESOURCES_SHORT",
      cause: `No node has enough ${resource} for the pod.`,
      remedy: `Use larger nodes, or lower the pod's request for ${resource} in the values.`,
      patience: patience.usual,
    };
  return {
    code: "DEPLOY_UNSCHEDULABLE",
    cause: /0\/0 nodes|no nodes available/.test(said)
      ? "The cluster has no nodes."
      : "No node fits the pod (node selector, affinity, volume or cordon).",
    remedy: `Read the scheduler's words: ${guide} ${pod.metadata.name} -n ${snapshot.namespace}`,
    patience: patience.usual,
  };
}

/** Taints by which Kubernetes marks a node that is starting or in trouble; nobody is to tolerate them. */
const passing = /^(node\.kubernetes\.io|node\.cloudprovider\.kubernetes\.io|karpenter\.sh|ebs\.csi\.aws\.com)\//;

/** Every Fargate node carries it; no model runs there. */
const fargate = "eks.amazonaws.com/compute-type";

function tainted(taint: string | undefined): Found {
  return {
    code: "DEPLOY_TAINT",
    cause: taint
      ? `The nodes carry the taint ${taint}, which the pod does not tolerate.`
      : "The nodes carry taints that the pod does not tolerate.",
    remedy: `${taint ? "Add it to" : "Add them to"} tolerations in the values, or take the taint off the nodes that are meant: kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints`,
    patience: patience.usual,
  };
}

function gated(pod: Pod, snapshot: Snapshot): Found {
  return {
    code: "DEPLOY_UNSCHEDULABLE",
    cause: "The pod carries scheduling gates: a queue (Kueue, for example) has not let it in yet.",
    remedy: `Ask who sets them: kubectl get pod ${pod.metadata.name} -n ${snapshot.namespace} -o jsonpath='{.spec.schedulingGates}'`,
    patience: patience.endless,
  };
}

function absent(gpus: number): Found {
  return {
    code: "DEPLOY_GPU_ABSENT",
    cause: `The pod needs ${gpus} GPUs, and no node advertises ${gpuResource}.`,
    remedy:
      "Check the NVIDIA GPU Operator or device plugin: kubectl get pods -n gpu-operator; kubectl describe nodes | grep nvidia.com/gpu",
    patience: patience.usual,
  };
}
