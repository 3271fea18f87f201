import type { ContainerStatus, Pod } from "../../cluster/objects.ts";
import { redact } from "../redact.ts";
import { eventsAbout, type Snapshot } from "../snapshot.ts";
import { type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";
import { containersOf, crashAttempts, currentPods, isCrashing, lastEnd, lastWords } from "./pods.ts";

type Found = Omit<Diagnosis, "object">;

/** Containers that do not start, crash, or never get ready; pods that their node lost. */
export function runtime(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return currentPods(snapshot, scope).flatMap(({ pod }) => {
    const found =
      lostPod(pod) ??
      notCreated(snapshot, pod) ??
      notConfigured(pod) ??
      crashed(snapshot, pod) ??
      notReady(snapshot, pod);
    return found ? [{ object: named(pod, "Pod"), ...found }] : [];
  });
}

function lostPod(pod: Pod): Found | undefined {
  const { phase, reason = "", message = "" } = pod.status ?? {};
  if (phase === "Failed" && reason === "Evicted")
    return {
      code: "DEPLOY_EVICTED",
      cause: "The node evicted the pod.",
      evidence: redact(message || reason),
      remedy: "Give the node more of what ran out (disk or memory), or lower the pod's use.",
      patience: patience.usual,
    };
  if (reason === "NodeLost" || (phase === "Failed" && /UnexpectedAdmissionError|NodeAffinity|Shutdown/.test(reason)))
    return {
      code: "DEPLOY_NODE_LOST",
      cause: /UnexpectedAdmissionError/.test(reason)
        ? "The node's device plugin could not give the pod its GPUs."
        : "The pod's node went away.",
      evidence: redact(message || reason),
      remedy: "Look at the node: kubectl get nodes; kubectl describe node <name>",
      patience: patience.long,
    };
  return undefined;
}

function notCreated(snapshot: Snapshot, pod: Pod): Found | undefined {
  if (containersOf(pod).some(({ status }) => status.state?.running || lastEnd(status))) return undefined;
  const event = eventsAbout(snapshot, pod).findLast((item) =>
    /^(FailedCreatePodSandBox|FailedMount|FailedAttachVolume)$/.test(item.reason ?? ""),
  );
  if (!event || !pod.spec.nodeName) return undefined;
  const said = event.message ?? "";
  if (event.reason === "FailedCreatePodSandBox")
    return {
      code: "DEPLOY_SANDBOX",
      cause: /assign an IP|insufficient.*(address|cidr)|failed to setup network/i.test(said)
        ? "The node has no free address for the pod: its subnets are full."
        : "The node cannot set the pod up.",
      evidence: redact(said),
      remedy:
        "Check free addresses of the nodes' subnets and the VPC CNI: kubectl get pods -n kube-system -l k8s-app=aws-node",
      patience: patience.long,
    };
  return {
    code: "DEPLOY_VOLUME",
    cause: "A volume of the pod cannot be mounted.",
    evidence: redact(said),
    remedy: `Read the events: kubectl describe pod ${pod.metadata.name} -n ${snapshot.namespace}`,
    patience: patience.long,
  };
}

function notConfigured(pod: Pod): Found | undefined {
  const view = containersOf(pod).find(({ status }) =>
    /^(CreateContainerConfigError|CreateContainerError|RunContainerError)$/.test(status.state?.waiting?.reason ?? ""),
  );
  if (!view) return undefined;
  const { reason = "", message = "" } = view.status.state?.waiting ?? {};
  const secret = /secret "([^"]+)" not found/.exec(message)?.[1];
  const key = /couldn't find key (\S+) in Secret \S+?\/?([\w.-]+)$/.exec(message);
  if (secret || key)
    return {
      code: "DEPLOY_SECRET_MISSING",
      cause: secret
        ? `The pod reads the Secret ${secret}, which is not there.`
        : `The Secret ${key?.[2]} has no key ${key?.[1]}.`,
      evidence: redact(message),
      remedy: "Give api-key (or api-key-from), or make the Secret with the key VLLM_API_KEY.",
      patience: patience.short,
    };
  return {
    code: "DEPLOY_CONTAINER_CONFIG",
    cause: `The container ${view.container.name} cannot be made.`,
    evidence: redact(message || reason),
    remedy: /runAsNonRoot|run as root/i.test(message)
      ? "Set podSecurityContext.runAsUser in the values, as the guide does (10003)."
      : "Mend what the message names in the values.",
    patience: patience.usual,
  };
}

const gpuMemory =
  /CUDA out of memory|OutOfMemoryError|does not fit|No available memory for the cache blocks|larger than the maximum number of tokens/i;
const driver = /CUDA driver|no CUDA-capable|NVIDIA driver|NVML|cuInit|forward compatibility/i;

function crashed(snapshot: Snapshot, pod: Pod): Found | undefined {
  const view = containersOf(pod).find(({ init, status }) => !init && isCrashing(status));
  if (!view) return undefined;
  const { container, status } = view;
  const ended = lastEnd(status);
  const lines = lastWords(snapshot, pod, status);
  const attempts = crashAttempts(status);
  // What lies in the machine or in the values is the same in the next run; whether anything else is, that run shows.
  const certain = status.restartCount >= 2 ? patience.none : patience.usual;
  const wait = status.state?.running ? patience.endless : certain;
  const log = `kubectl logs -n ${snapshot.namespace} ${pod.metadata.name} -c ${container.name} --previous`;
  if (ended?.reason === "OOMKilled")
    return {
      code: "DEPLOY_OOM",
      cause: `The kernel ended ${container.name}: it took more memory than its limit (OOMKilled).`,
      evidence: `exit code ${ended.exitCode}, OOMKilled, ${restarts(status)}`,
      remedy: "Raise the memory limit of the model in the values, or use nodes with more memory.",
      patience: certain,
      attempts,
    };
  const memory = lines.findLast((line) => gpuMemory.test(line));
  if (memory)
    return {
      code: "DEPLOY_GPU_MEMORY",
      cause: "The model does not fit the memory of its GPUs.",
      evidence: redact(memory),
      remedy: "Give the model more GPUs (gpus: 2, 4 or 8), nodes with larger GPUs, or modelType agent_small.",
      patience: certain,
      attempts,
    };
  const cuda = lines.findLast((line) => driver.test(line));
  if (cuda)
    return {
      code: "DEPLOY_GPU_DRIVER",
      cause: "The container finds no usable GPU driver on its node.",
      evidence: redact(cuda),
      remedy: "Check the GPU Operator and the node's driver: kubectl get pods -n gpu-operator -o wide",
      patience: certain,
      attempts,
    };
  const line = lines.findLast((text) => /error|exception|fatal|traceback/i.test(text)) ?? lines.at(-1);
  return {
    code: "DEPLOY_CRASH",
    cause: `${container.name} ends with code ${ended?.exitCode ?? "?"} soon after it starts (${restarts(status)}).`,
    evidence: redact(line ?? ended?.message ?? ended?.reason ?? ""),
    remedy: `Read its log: ${log}`,
    patience: wait,
    attempts,
  };
}

function restarts(status: ContainerStatus): string {
  return status.restartCount === 1 ? "1 restart" : `${status.restartCount} restarts`;
}

/** Started, as its own startup probe says, and not ready: a readiness probe that fails. A model that is loading has not started yet. */
function notReady(snapshot: Snapshot, pod: Pod): Found | undefined {
  const view = containersOf(pod).find(
    ({ init, status }) => !init && status.state?.running && status.started === true && !status.ready,
  );
  const event = eventsAbout(snapshot, pod).findLast(
    (item) => item.reason === "Unhealthy" && /readiness/i.test(item.message ?? ""),
  );
  if (view && event)
    return {
      code: "DEPLOY_PROBE_FAILING",
      cause: `${view.container.name} runs, but its readiness probe fails.`,
      evidence: redact(event.message ?? ""),
      remedy: `Ask it yourself: kubectl exec -n ${snapshot.namespace} ${pod.metadata.name} -- curl -s localhost:8000/health; and read its log.`,
      patience: 2 * patience.long,
    };
  const gate = pod.status?.conditions?.find(
    (item) => item.type.startsWith("target-health.elbv2.k8s.aws/") && item.status !== "True",
  );
  const ready = containersOf(pod).every(({ init, status }) => init || status.ready);
  if (gate && ready)
    return {
      code: "DEPLOY_READINESS_GATE",
      cause: "The pod is ready, but the load balancer's target is not healthy yet (readiness gate).",
      evidence: redact(gate.message ?? gate.reason ?? gate.type),
      remedy: "It may take up to 16 minutes; check the target group's health check and the pods' security group.",
      patience: 16 * 60_000,
    };
  return undefined;
}
