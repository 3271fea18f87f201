import { Worker } from "node:worker_threads";
import { InternalError } from "../errors.ts";
import { chunkSize, holdShared } from "./chunks.ts";
import { type Answer, type Begin, inflateThread, type Order } from "./inflate-thread.ts";
import { lend } from "./lent.ts";

/** Chunks of compressed bytes that are handed to the thread, so that it never waits for the next one. */
const inputs = 4;
/** Slots that are inflated ahead of the reader, at least. */
const fewestOutputs = 4;

/** How a stream is inflated; in `memory` bytes (8 MiB at least) lies what is inflated ahead of the reader, or held by it. */
export type Codec = Pick<Begin["begin"], "engine" | "afterEnd"> & { readonly memory: number };

/** Why the thread cannot inflate the data: a code of zlib's, or `strayBytes`. */
export class InflateError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A compressed stream that another thread inflates, so that whoever sends the bytes does not wait for it. Chunks lie in memory shared with it, and can be held. */
export class Inflation {
  private readonly id: number;
  private readonly send: (order: Order) => void;
  private readonly onClose: () => void;
  private readonly memory: SharedArrayBuffer;
  /** Of each slot, how many hold it. */
  private readonly holders: Uint32Array;
  /** What is to be done once the thread has used compressed bytes up, in their order. */
  private readonly using: (() => void)[] = [];
  private readonly inflated: { readonly slot: number; readonly size: number }[] = [];
  private over = false;
  private failure: unknown;
  private wakeReader = () => {};
  private wakeWriter = () => {};

  constructor(id: number, { memory, ...codec }: Codec, send: (order: Order) => void, onClose: () => void) {
    this.id = id;
    this.send = send;
    this.onClose = onClose;
    const outputs = Math.max(fewestOutputs, Math.floor(memory / chunkSize));
    // The system gives pages as they are used, so what is never held costs nothing.
    this.memory = new SharedArrayBuffer(outputs * chunkSize);
    this.holders = new Uint32Array(outputs);
    lend(this.memory, { hold: (chunk) => this.hold(Math.floor(chunk.byteOffset / chunkSize)) });
    send({ id, begin: { ...codec, memory: this.memory, outputs, slotSize: chunkSize } });
  }

  /** Takes the bytes of `chunk` over, held or copied; gives `false` where nobody wants more. */
  async write(chunk: Uint8Array): Promise<boolean> {
    for (let at = 0; at < chunk.length; ) {
      while (this.using.length >= inputs && !this.over)
        await new Promise<void>((resolve) => (this.wakeWriter = resolve));
      if (this.over) return false;
      const { bytes, release } = holdShared(chunk.subarray(at));
      this.using.push(release);
      this.send({ id: this.id, packed: bytes });
      at += bytes.length;
    }
    return !this.over;
  }

  /** There is no more to write. */
  end(): void {
    this.send({ id: this.id, last: true });
  }

  /** What is inflated, in chunks of at most 2 MiB, each valid until the next one is asked for, or as long as it is held. Errors: `InflateError`, and what `fail` was given. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const next = this.inflated.shift();
      if (next) {
        const release = this.hold(next.slot);
        yield new Uint8Array(this.memory, next.slot * chunkSize, next.size);
        release();
      } else if (this.failure !== undefined) throw this.failure;
      else if (this.over) return;
      else await new Promise<void>((resolve) => (this.wakeReader = resolve));
    }
  }

  /** Ends it with what its reader is to hear. */
  fail(reason: unknown): void {
    this.failure ??= reason;
    this.finish();
  }

  /** Lets go of it, ended or not. */
  close(): void {
    this.send({ id: this.id, close: true });
    this.finish();
    this.onClose();
  }

  hear(answer: Answer): void {
    if ("used" in answer) this.using.shift()?.();
    else if ("inflated" in answer) this.inflated.push({ slot: answer.inflated, size: answer.size });
    else if ("end" in answer) this.finish();
    else this.fail(new InflateError(answer.code, answer.message));
    this.wakeReader();
    this.wakeWriter();
  }

  private hold(slot: number): () => void {
    this.holders[slot]! += 1;
    return () => {
      this.holders[slot]! -= 1;
      if (this.holders[slot] === 0) this.send({ id: this.id, read: slot });
    };
  }

  private finish(): void {
    this.over = true;
    this.wakeReader();
    this.wakeWriter();
  }
}

/** The one thread of a process, and what it inflates. */
class InflateThread {
  private readonly worker = new Worker(`(${inflateThread})()`, {
    eval: true,
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  private readonly open = new Map<number, Inflation>();
  private next = 0;

  constructor() {
    this.worker.on("message", (answer: Answer) => this.open.get(answer.id)?.hear(answer));
    this.worker.once("error", (error) => this.fail(error));
    this.worker.once("exit", () => this.fail(new Error("it ended")));
  }

  begin(codec: Codec): Inflation {
    const id = this.next++;
    const onClose = () => this.closed(id);
    const inflation = new Inflation(id, codec, (order) => this.worker.postMessage(order), onClose);
    this.open.set(id, inflation);
    this.worker.ref();
    return inflation;
  }

  /** What nobody reads does not keep the process from ending. */
  private closed(id: number): void {
    this.open.delete(id);
    if (this.open.size === 0) this.worker.unref();
  }

  private fail(cause: Error): void {
    const failure = new InternalError("INTERNAL", {
      happened: `The thread that inflates failed: ${cause.message}.`,
      next: "Run it again; please report it with the log of this run.",
      cause,
    });
    for (const inflation of this.open.values()) inflation.fail(failure);
  }
}

let thread: InflateThread | undefined;

/** Begins a stream in the inflating thread, which starts with the first one. */
export function beginInflation(codec: Codec): Inflation {
  thread ??= new InflateThread();
  return thread.begin(codec);
}
