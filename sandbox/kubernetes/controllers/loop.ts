import type { Api } from "../api.ts";
import { ApiError } from "../status.ts";
import type { Controller, ControllerContext } from "./context.ts";

const retryMilliseconds = 1000;

/** Runs the controllers: a change of what one watches brings one pass of it soon after; passes follow each other until nothing changes any more. */
export class ControllerLoop implements ControllerContext {
  readonly api: Api;
  readonly store: Api["store"];
  private readonly clock: () => number;
  private readonly pace: number;
  private readonly report: (error: unknown) => void;
  private readonly controllers: Controller[] = [];
  private readonly dirty = new Set<Controller>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private scheduled = false;
  private closed = false;
  private readonly unsubscribe: () => void;

  constructor(api: Api, clock: () => number, pace: number, report: (error: unknown) => void) {
    this.api = api;
    this.store = api.store;
    this.clock = clock;
    this.pace = pace;
    this.report = report;
    this.unsubscribe = api.store.subscribe((event) => {
      for (const controller of this.controllers)
        if (controller.watches.includes(event.kind.resource)) this.wake(controller);
    });
  }

  add(controller: Controller): void {
    this.controllers.push(controller);
    this.wake(controller);
  }

  now(): number {
    return this.clock();
  }

  after(milliseconds: number, run: () => void): void {
    if (this.closed) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      try {
        run();
      } catch (error) {
        this.report(error);
      }
    }, milliseconds * this.pace);
    this.timers.add(timer);
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.after(milliseconds, resolve));
  }

  onDefect(error: unknown): void {
    this.report(error);
  }

  /** Asks for a pass; several wishes make one pass. */
  wake(controller: Controller): void {
    this.dirty.add(controller);
    if (this.scheduled || this.closed) return;
    this.scheduled = true;
    setImmediate(() => this.pass());
  }

  close(): void {
    this.closed = true;
    this.unsubscribe();
    for (const timer of this.timers) clearTimeout(timer);
  }

  private pass(): void {
    this.scheduled = false;
    if (this.closed) return;
    const due = [...this.dirty];
    this.dirty.clear();
    for (const controller of due) {
      try {
        controller.reconcile();
      } catch (error) {
        // A refusal (a namespace that is going away, a quota) is tried again, as the real work queues do.
        if (error instanceof ApiError && error.code === 403) this.after(retryMilliseconds, () => this.wake(controller));
        else this.report(error);
      }
    }
  }
}
