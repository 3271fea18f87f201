import { randomBytes } from "node:crypto";
import type { LogBook } from "../logs.ts";
import { timestamp } from "../objects.ts";
import type { Container, ContainerStatus, Node, Pod } from "../types.ts";
import { fieldPath, isInit } from "./containers.ts";
import type { ControllerContext } from "./context.ts";
import type { Happening } from "./events.ts";
import { recordEvent } from "./events.ts";
import type { ModelProcess } from "./node-services.ts";
import { environmentOf, missingReference } from "./pod-environment.ts";
import { PodImages } from "./pod-images.ts";
import { podConditions, waitingStatus } from "./pod-status.ts";
import { runDownloader, runServer } from "./processes.ts";
import type { Exit, NodeParts, RunningPod } from "./running-pod.ts";

/** Crash loop: the first restart comes at once; before the second 10 s pass, doubled each time, at most 5 minutes. */
const firstBackOff = 10_000;
const longestBackOff = 300_000;

/** The life of one pod on its node: images, init containers, the containers with their restarts, readiness. */
export class PodRun implements RunningPod {
  readonly context: ControllerContext;
  readonly parts: NodeParts;
  private readonly identity: Pod;
  private readonly address: string;
  private readonly images: PodImages;
  private readonly processes = new Set<ModelProcess>();
  private stopped = false;

  constructor(context: ControllerContext, pod: Pod, address: string, parts: NodeParts) {
    this.context = context;
    this.identity = pod;
    this.address = address;
    this.parts = parts;
    this.images = new PodImages(this);
  }

  /** The pod as it is now; undefined once it is gone or being ended. */
  live(): Pod | undefined {
    const { namespace, name, uid } = this.identity.metadata;
    const pod = this.context.store.get<Pod>("pods", namespace, name);
    return this.stopped || pod?.metadata.uid !== uid || pod.metadata.deletionTimestamp ? undefined : pod;
  }

  async start(): Promise<void> {
    const { spec } = this.identity;
    const node = this.context.store.get<Node>("nodes", undefined, spec.nodeName ?? "");
    const hostIP = node?.status.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "";
    this.write((status) => {
      status.hostIP = hostIP;
      status.hostIPs = [{ ip: hostIP }];
      status.startTime = this.time();
      const first = spec.initContainers?.length ? "PodInitializing" : "ContainerCreating";
      if (spec.initContainers?.length) {
        status.initContainerStatuses = spec.initContainers.map((container) =>
          waitingStatus(container, "PodInitializing"),
        );
      }
      status.containerStatuses = spec.containers.map((container) => waitingStatus(container, first));
    });
    for (const container of spec.initContainers ?? []) {
      await this.runToEnd(container);
      if (!this.live()) return;
    }
    await Promise.all(spec.containers.map((container) => this.runForever(container)));
  }

  /** The containers were told to end. */
  killing(): void {
    for (const { name } of this.identity.spec.containers) {
      this.tell({
        type: "Normal",
        reason: "Killing",
        message: `Stopping container ${name}`,
        fieldPath: `spec.containers{${name}}`,
      });
    }
    for (const process of this.processes) process.stop();
  }

  stop(): void {
    this.stopped = true;
    for (const process of this.processes) process.stop();
    this.processes.clear();
  }

  time(): string {
    return timestamp(this.context.now());
  }

  tell(what: Happening): void {
    const pod = this.context.store.get<Pod>("pods", this.identity.metadata.namespace, this.identity.metadata.name);
    if (pod?.metadata.uid === this.identity.metadata.uid)
      recordEvent(this.context, "kubelet", pod, what, pod.spec.nodeName);
  }

  /** Changes the pod's status; conditions and phase follow from the containers. */
  write(change: (status: Pod["status"]) => void): void {
    const pod = this.live();
    if (!pod) return;
    const writer = { user: `system:node:${pod.spec.nodeName}`, manager: "kubelet", subresource: "status" };
    this.context.api.modify<Pod>(
      "pods",
      pod,
      (draft) => {
        change(draft.status);
        const begun = draft.status.containerStatuses?.some(
          (one) => one.state.running ?? one.lastState.terminated ?? one.state.terminated,
        );
        draft.status.phase = begun ? "Running" : "Pending";
        const networked = [
          ...(draft.status.initContainerStatuses ?? []),
          ...(draft.status.containerStatuses ?? []),
        ].some((one) => one.containerID);
        if (networked) {
          draft.status.podIP = this.address;
          draft.status.podIPs = [{ ip: this.address }];
        }
        draft.status.conditions = podConditions(draft, this.context.now());
      },
      writer,
    );
  }

  writeContainer(name: string, change: (status: ContainerStatus) => void): void {
    this.write((status) => {
      const found = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].find(
        (one) => one.name === name,
      );
      if (found) change(found);
    });
  }

  /** An init container: again and again until it ends with 0. */
  private async runToEnd(container: Container): Promise<void> {
    for (let crashes = 0; ; crashes += 1) {
      if (!(await this.prepare(container))) return;
      const log = this.started(container, crashes);
      const exit = await runDownloader(this, container, this.environment(container), log);
      if (!this.live()) return;
      this.ended(container, exit);
      if (exit.code === 0) return;
      await this.backOff(container, crashes);
      if (!this.live()) return;
    }
  }

  private async runForever(container: Container): Promise<void> {
    for (let crashes = 0; this.live(); crashes += 1) {
      if (!(await this.prepare(container))) return;
      const log = this.started(container, crashes);
      const env = this.environment(container);
      const start = {
        pod: this.identity,
        container: container.name,
        args: [...(container.command ?? []), ...(container.args ?? [])],
        env,
      };
      const process = this.parts.services.startServer?.(start);
      if (process) this.processes.add(process);
      const exit = await runServer(this, container, process, log);
      process?.stop();
      if (process) this.processes.delete(process);
      if (!this.live()) return;
      this.ended(container, exit);
      await this.backOff(container, crashes);
    }
  }

  /** Image and references; false when the pod went away meanwhile. */
  private async prepare(container: Container): Promise<boolean> {
    if (!(await this.images.pull(container))) return false;
    for (;;) {
      const pod = this.live();
      if (!pod) return false;
      const missing = missingReference(this.context.store, pod, container);
      if (missing === undefined) return true;
      this.writeContainer(container.name, (status) => {
        status.state = { waiting: { reason: "CreateContainerConfigError", message: missing } };
      });
      this.tell({
        type: "Warning",
        reason: "Failed",
        message: `Error: ${missing}`,
        fieldPath: fieldPath(pod, container),
      });
      await this.context.sleep(10_000);
    }
  }

  private environment(container: Container): ReadonlyMap<string, string> {
    const pod = this.live() ?? this.identity;
    return environmentOf(this.context.store, pod, container);
  }

  private started(container: Container, restarts: number): ReturnType<LogBook["start"]> {
    const pod = this.live() ?? this.identity;
    const path = fieldPath(pod, container);
    this.tell({ type: "Normal", reason: "Created", message: `Created container: ${container.name}`, fieldPath: path });
    this.tell({ type: "Normal", reason: "Started", message: `Started container ${container.name}`, fieldPath: path });
    const log = this.parts.logs.start(this.identity, container.name);
    const id = `containerd://${randomBytes(32).toString("hex")}`;
    this.writeContainer(container.name, (status) => {
      if (status.state.terminated) status.lastState = { terminated: status.state.terminated };
      status.state = { running: { startedAt: this.time() } };
      status.containerID = id;
      status.restartCount = restarts;
      status.started = !container.startupProbe;
      status.imageID = this.images.imageId(container);
    });
    return log;
  }

  private ended(container: Container, { code, reason }: Exit): void {
    this.parts.logs.current(this.identity, container.name)?.end();
    this.writeContainer(container.name, (status) => {
      const finishedAt = this.time();
      status.state = {
        terminated: {
          exitCode: code,
          reason: reason ?? (code === 0 ? "Completed" : "Error"),
          startedAt: status.state.running?.startedAt ?? finishedAt,
          finishedAt,
          ...(status.containerID ? { containerID: status.containerID } : {}),
        },
      };
      status.started = false;
      status.ready = code === 0 && isInit(this.identity, container);
    });
  }

  private async backOff(container: Container, crashes: number): Promise<void> {
    await this.context.sleep(1000);
    const pod = this.live();
    if (!pod || crashes === 0) return;
    const milliseconds = Math.min(longestBackOff, firstBackOff * 2 ** (crashes - 1));
    const { name, namespace, uid } = pod.metadata;
    const shown =
      milliseconds >= 60_000
        ? `${Math.floor(milliseconds / 60_000)}m${(milliseconds % 60_000) / 1000}s`
        : `${milliseconds / 1000}s`;
    const message = `back-off ${shown} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
    this.writeContainer(container.name, (status) => {
      if (status.state.terminated) status.lastState = { terminated: status.state.terminated };
      status.state = { waiting: { reason: "CrashLoopBackOff", message } };
    });
    const text = `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`;
    this.tell({ type: "Warning", reason: "BackOff", message: text, fieldPath: fieldPath(pod, container) });
    await this.context.sleep(milliseconds);
  }
}
