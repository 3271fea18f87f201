import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Context } from "../action/context.ts";
import type { Surroundings } from "../agent.ts";
import { Cancelled } from "../errors.ts";
import { ConnectionFailed } from "./failure.ts";
import { type Order, type PlacedRequest, type Report, type Sent, type ThreadStart, told } from "./thread-messages.ts";

/** Threads beside the one of the process, at most: each takes some 15 to 20 MiB, and with two of them a sync from a URL needs more than 200 MiB (measured). */
const mostThreads = 1;

/** Sends from a thread of its own what lies on disk or behind a URL. */
export interface Sender {
  /** Rejects as `send` does; a thread that ends is a broken connection. */
  send(request: PlacedRequest, signal: AbortSignal): Promise<Sent>;
}

/** Threads that read, sum and encrypt what is sent: one gives some 1,000 MB/s. */
export interface SendingThreads {
  /** Works where there is least to do: in the caller's thread, or with one beside it. */
  share<T>(here: () => Promise<T>, there: (sender: Sender) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Threads for the other processors; each starts when its first request comes. `connections`: at once to one host, of each. */
export function sendingThreads(
  { ambient, emit }: { readonly ambient: Surroundings; readonly emit: Context["emit"] },
  connections: number,
  count = Math.min(mostThreads, availableParallelism() - 1),
): SendingThreads {
  const { proxy, extraRoots } = ambient;
  const start: ThreadStart = { surroundings: { proxy, extraRoots }, connections };
  const threads = Array.from({ length: count }, () => new SendingThread(start, emit));
  const own = { busy: 0 };
  return {
    async share(here, there) {
      const idlest = threads.reduce<{ busy: number }>((least, one) => (one.busy < least.busy ? one : least), own);
      idlest.busy += 1;
      try {
        return await (idlest instanceof SendingThread ? there(idlest) : here());
      } finally {
        idlest.busy -= 1;
      }
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Waiting {
  readonly what: string;
  resolve(sent: Sent): void;
  reject(reason: unknown): void;
}

class SendingThread implements Sender {
  /** Requests that it has now. */
  busy = 0;
  private readonly start: ThreadStart;
  private readonly emit: Context["emit"];
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(start: ThreadStart, emit: Context["emit"]) {
    this.start = start;
    this.emit = emit;
  }

  async send(request: PlacedRequest, signal: AbortSignal): Promise<Sent> {
    if (signal.aborted) throw new Cancelled();
    this.worker ??= this.begin();
    const { worker } = this;
    const id = this.next++;
    const order = (what: Order) => worker.postMessage(what);
    const abort = () => order({ id });
    signal.addEventListener("abort", abort, { once: true });
    // The process ends when nothing is expected of its threads.
    if (this.waiting.size === 0) worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.waiting.set(id, { what: request.what, resolve, reject });
        order({ id, request });
      });
    } finally {
      if (this.waiting.size === 0) worker.unref();
      signal.removeEventListener("abort", abort);
    }
  }

  async close(): Promise<void> {
    await this.worker?.terminate();
  }

  private begin(): Worker {
    const worker = new Worker(threadFile, { workerData: this.start });
    worker.on("message", ({ id, event, sent, failure }: Report) => {
      if (event) return this.emit(event);
      const waiting = this.waiting.get(id);
      this.waiting.delete(id);
      if (sent) waiting?.resolve(sent);
      else if (failure) waiting?.reject(told(waiting.what, failure));
    });
    let reason = "it ended";
    worker.once("error", (error) => {
      reason = error.message;
    });
    worker.once("exit", () => this.ended(reason));
    return worker;
  }

  /** What it had under way is sent again; another one begins with the next request. */
  private ended(reason: string): void {
    this.worker = undefined;
    for (const { what, reject } of this.waiting.values())
      reject(new ConnectionFailed("TRANSFER_BROKEN", what, "THREAD", `the thread that sent it failed: ${reason}`));
    this.waiting.clear();
  }
}

/** Sources run as they are; what is built from them lies beside what is built from this. */
const threadFile = new URL(`./sending-thread${/\.\w+$/.exec(import.meta.url)![0]}`, import.meta.url);
