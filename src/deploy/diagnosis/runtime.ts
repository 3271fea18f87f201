import type { Deployment, Pod } from "../../cluster/objects.ts";
import { redact } from "../redact.ts";
import { eventsAbout, podsOf, type Snapshot } from "../snapshot.ts";
import { isActive } from "../workloads.ts";
import { crashed, gpuRuntime, noDriver } from "./crash.ts";
import { type Diagnosis, type DiagnosisScope, named, patience } from "./diagnosis.ts";
import { containersOf, currentPods, lastEnd } from "./pods.ts";

type Found = Omit<Diagnosis, "object">;

/** Containers that do not start, crash, or never get ready; pods that their node lost. */
export function runtime(snapshot: Snapshot, scope: DiagnosisScope): readonly Diagnosis[] {
  return currentPods(snapshot, scope).flatMap(({ pod, deployment }) => {
    if (!isActive(pod) && isReplaced(snapshot, deployment)) return [];
    const found =
      lostPod(snapshot, pod) ??
      notCreated(snapshot, pod) ??
      notConfigured(pod) ??
      crashed(snapshot, pod) ??
      notReady(snapshot, pod);
    return found ? [{ object: named(pod, "Pod"), ...found }] : [];
  });
}

/** As many pods as are wanted have taken the place of those that were lost; where that happened again and again, the next will be lost too. */
function isReplaced(snapshot: Snapshot, deployment: Deployment): boolean {
  const { current } = podsOf(snapshot, deployment);
  const living = current.filter((pod) => isActive(pod) && !pod.metadata.deletionTimestamp).length;
  return living >= (deployment.spec.replicas ?? 1) && current.filter((pod) => !isActive(pod)).length < 3;
}

function lostPod(snapshot: Snapshot, pod: Pod): Found | undefined {
  const { phase, reason = "", message = "" } = pod.status ?? {};
  if (phase === "Failed" && reason === "Evicted")
    return {
      code: "DEPLOY_EVICTED",
      cause: "The node evicted the pod.",
      evidence: redact(message || reason),
      remedy: "Give the node more of what ran out (disk or memory), or lower the pod's use.",
      patience: patience.usual,
    };
  const unready = pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "False");
  const event = eventsAbout(snapshot, pod).findLast((item) => item.reason === "NodeNotReady");
  if (event && unready)
    return {
      code: "DEPLOY_NODE_LOST",
      cause: `The pod's node ${pod.spec.nodeName} is not ready.`,
      evidence: redact(event.message ?? "NodeNotReady"),
      remedy: `Look at the node: kubectl describe node ${pod.spec.nodeName}`,
      patience: patience.long,
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
  if (gpuRuntime.test(said)) return noDriver(said);
  const missing = /secret "([^"]+)" not found/.exec(said)?.[1];
  if (missing) return noSecret(`The pod reads the Secret ${missing}, which is not there.`, said);
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
  if (gpuRuntime.test(message)) return noDriver(message);
  const secret = /secret "([^"]+)" not found/.exec(message)?.[1];
  const key = /couldn't find key (\S+) in Secret \S+?\/?([\w.-]+)$/.exec(message);
  if (secret) return noSecret(`The pod reads the Secret ${secret}, which is not there.`, message);
  if (key) return noSecret(`The Secret ${key[2]} has no key ${key[1]}.`, message);
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

function noSecret(cause: string, said: string): Found {
  return {
    code: "DEPLOY_SECRET_MISSING",
    cause,
    evidence: redact(said),
    remedy: "Give api-key (or api-key-from), or make the Secret with the key VLLM_API_KEY.",
    patience: patience.short,
  };
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
      // Without a startup probe a model that loads looks like this.
      patience: view.container.startupProbe ? 2 * patience.long : patience.endless,
      code: "DEPLOY_PROBE_FAILING",
      cause: `${view.container.name} runs, but its readiness probe fails.`,
      evidence: redact(event.message ?? ""),
      remedy: `Ask it yourself: kubectl exec -n ${snapshot.namespace} ${pod.metadata.name} -- curl -s localhost:8000/health; and read its log.`,
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
