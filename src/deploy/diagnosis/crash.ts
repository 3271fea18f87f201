import type { Container, ContainerStatus, Pod } from "../../cluster/objects.ts";
import { redact } from "../redact.ts";
import { eventsAbout, type Snapshot } from "../snapshot.ts";
import { type Diagnosis, patience } from "./diagnosis.ts";
import { wrongPlatform } from "./images.ts";
import { containersOf, crashAttempts, isCrashing, lastEnd, lastWords } from "./pods.ts";

type Found = Omit<Diagnosis, "object">;

/** What the node says that cannot give a container its GPUs: the driver or the NVIDIA container runtime is not there, or not configured. */
export const gpuRuntime =
  /nvidia-container|libnvidia|no runtime for "?nvidia|unresolvable CDI devices|could not select device driver/i;

export function noDriver(said: string): Found {
  return {
    code: "DEPLOY_GPU_DRIVER",
    cause: "The node cannot give the container its GPUs: driver or NVIDIA container runtime are missing.",
    evidence: redact(said),
    remedy: "Check the GPU Operator and the node's driver: kubectl get pods -n gpu-operator -o wide",
    patience: patience.usual,
  };
}

const gpuMemory =
  /CUDA out of memory|OutOfMemoryError|does not fit|No available memory for the cache blocks|larger than the maximum number of tokens/i;
const driver = /CUDA driver|no CUDA-capable|NVIDIA driver|NVML|cuInit|forward compatibility/i;

/** What vLLM says last, after what made it end. */
const aftermath = /see root cause above|engine core initialization failed|Traceback \(most recent call last\)/i;

/** A container that ends with an error soon after it starts, with the most telling of its last words. */
export function crashed(snapshot: Snapshot, pod: Pod): Found | undefined {
  const view = containersOf(pod).find(({ init, status }) => !init && isCrashing(status));
  if (!view) return undefined;
  const { container, status } = view;
  const killed = killedByProbe(snapshot, pod, container);
  if (killed) return { ...killed, attempts: crashAttempts(status) };
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
  const refused = [ended?.message ?? "", ...lines].find(
    (text) => /exec format error/i.test(text) || gpuRuntime.test(text),
  );
  if (refused !== undefined && gpuRuntime.test(refused)) return { ...noDriver(refused), attempts };
  if (refused !== undefined)
    return { ...wrongPlatform(container.image ?? container.name), evidence: redact(refused), attempts };
  const complaints = lines.filter((line) => !/\b(INFO|DEBUG)\b/.test(line));
  const taken = complaints.findLast((line) => /Free memory on device .*less than desired/i.test(line));
  if (taken)
    return {
      code: "DEPLOY_GPU_MEMORY",
      cause: "Something else already uses memory of the GPUs that the pod was given.",
      evidence: redact(taken),
      remedy: `Look for it on the node: kubectl debug node/${pod.spec.nodeName ?? "<node>"} -it --image=busybox; a pod that ended badly, or one that shares the GPU.`,
      patience: certain,
      attempts,
    };
  const memory = complaints.findLast((line) => gpuMemory.test(line));
  if (memory)
    return {
      code: "DEPLOY_GPU_MEMORY",
      cause: "The model does not fit the memory of its GPUs.",
      evidence: redact(memory),
      remedy: "Give the model more GPUs (gpus: 2, 4 or 8), nodes with larger GPUs, or modelType agent_small.",
      patience: certain,
      attempts,
    };
  const cuda = complaints.findLast((line) => driver.test(line));
  if (cuda)
    return {
      code: "DEPLOY_GPU_DRIVER",
      cause: "The container finds no usable GPU driver on its node.",
      evidence: redact(cuda),
      remedy: "Check the GPU Operator and the node's driver: kubectl get pods -n gpu-operator -o wide",
      patience: certain,
      attempts,
    };
  const telling = complaints.filter((text) => !aftermath.test(text));
  const line =
    telling.findLast((text) => /\b[A-Z]\w*(Error|Exception)\b: \S/.test(text)) ??
    telling.findLast((text) => /error|exception|fatal/i.test(text)) ??
    lines.at(-1);
  return {
    code: "DEPLOY_CRASH",
    cause: `${container.name} ends with code ${ended?.exitCode ?? "?"} soon after it starts (${restarts(status)}).`,
    evidence: redact(line ?? ended?.message ?? ended?.reason ?? ""),
    remedy: `Read its log: ${log}`,
    patience: wait,
    attempts,
  };
}

/** The kubelet ended it, because it did not answer in time: nothing that the container says tells that. */
function killedByProbe(snapshot: Snapshot, pod: Pod, container: Container): Found | undefined {
  const event = eventsAbout(snapshot, pod).findLast(
    (item) =>
      item.reason === "Killing" &&
      new RegExp(`${container.name} failed (startup|liveness) probe`).test(item.message ?? ""),
  );
  if (!event) return undefined;
  const probe = /failed (\w+) probe/.exec(event.message ?? "")?.[1] ?? "startup";
  const failure = eventsAbout(snapshot, pod).findLast((item) => item.reason === "Unhealthy");
  return {
    code: "DEPLOY_PROBE_FAILING",
    cause: `${container.name} does not answer its ${probe} probe in time, and is restarted for it.`,
    evidence: redact(failure?.message ?? event.message ?? ""),
    remedy: `If its log shows that it was still loading, give it longer in the values (${probe}Probe.failureThreshold): kubectl logs -n ${snapshot.namespace} ${pod.metadata.name} -c ${container.name} --previous`,
    patience: patience.usual,
  };
}

function restarts(status: ContainerStatus): string {
  return status.restartCount === 1 ? "1 restart" : `${status.restartCount} restarts`;
}
