import { kindOf } from "../kinds.ts";
import type { LogBook } from "../logs.ts";
import type { Pod } from "../types.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { ImageCache } from "./image-cache.ts";
import type { NodeServices } from "./node-services.ts";
import { PodRun } from "./pod-run.ts";
import type { Troubles } from "./troubles.ts";

/** All the nodes' kubelets: run the pods that are bound, end those that are deleted. */
export class Kubelets implements Controller {
  readonly watches = ["pods"];
  private readonly context: ControllerContext;
  private readonly runs = new Map<string, PodRun>();
  private readonly ending = new Set<string>();
  private readonly logs: LogBook;
  private readonly services: NodeServices;
  private readonly troubles: Troubles;
  private readonly images = new ImageCache();
  private lastAddress = 10;

  constructor(context: ControllerContext, logs: LogBook, services: NodeServices, troubles: Troubles) {
    this.context = context;
    this.logs = logs;
    this.services = services;
    this.troubles = troubles;
  }

  reconcile(): void {
    const pods = this.context.store.list<Pod>("pods");
    const present = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const [uid, run] of this.runs) {
      if (present.has(uid)) continue;
      run.stop();
      this.runs.delete(uid);
      this.ending.delete(uid);
    }
    for (const pod of pods) {
      if (!pod.spec.nodeName) continue;
      if (pod.metadata.deletionTimestamp) this.end(pod);
      else if (!this.runs.has(pod.metadata.uid)) this.begin(pod);
    }
  }

  /** Ends every process, when the cluster closes. */
  close(): void {
    for (const run of this.runs.values()) run.stop();
    this.runs.clear();
  }

  private begin(pod: Pod): void {
    this.lastAddress += 1;
    const address = `10.0.${16 + Math.floor(this.lastAddress / 250)}.${(this.lastAddress % 250) + 1}`;
    const run = new PodRun(this.context, pod, address, {
      logs: this.logs,
      services: this.services,
      troubles: this.troubles,
      images: this.images,
    });
    this.runs.set(pod.metadata.uid, run);
    run.start().catch((error: unknown) => this.context.onDefect(error));
  }

  /** A server ends soon after TERM; the pod object goes when it has ended. */
  private end(pod: Pod): void {
    if (this.ending.has(pod.metadata.uid)) return;
    this.ending.add(pod.metadata.uid);
    const grace = Math.min(2, pod.metadata.deletionGracePeriodSeconds ?? 30);
    this.runs.get(pod.metadata.uid)?.killing();
    this.context.after(grace * 1000, () => {
      const run = this.runs.get(pod.metadata.uid);
      run?.stop();
      this.logs.forget(pod);
      const live = this.context.store.get<Pod>("pods", pod.metadata.namespace, pod.metadata.name);
      if (live?.metadata.uid === pod.metadata.uid && !live.metadata.finalizers?.length)
        this.context.api.purge(kindOf("pods"), live);
    });
  }
}
