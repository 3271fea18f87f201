import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { InternalError } from "../errors.ts";
import { holdShared } from "./chunks.ts";

/** A digest that another thread computes, so that whoever sends the bytes does not wait for it. */
export interface DistantDigest {
  /** Takes the bytes of `chunk` over, held or copied; where that gives a promise, `chunk` must stay as it is, and the next one wait, until it resolves. */
  update(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends it: lower-case hex digits. */
  hex(): Promise<string>;
  /** Lets go of it, ended or not. */
  close(): void;
}

/** Chunks on their way to the thread, over all digests. */
const most = 8;

/** What the thread is told: take some bytes, or end the digest, wanted or not. */
interface Order {
  readonly id: number;
  readonly algorithm: string;
  readonly bytes?: Uint8Array;
  readonly end?: boolean;
}

/** What the thread runs. It is started from its own text, so it needs no file beside the library, and may use nothing but what is inside of it. */
function hashThread(): void {
  const { parentPort } = process.getBuiltinModule("node:worker_threads");
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hashes = new Map<number, ReturnType<typeof createHash>>();
  const near = Buffer.allocUnsafeSlow(65_536);
  parentPort!.on("message", ({ id, algorithm, bytes, end }: Order) => {
    const hash = hashes.get(id) ?? createHash(algorithm);
    hashes.set(id, hash);
    if (bytes) {
      // As near.ts does it.
      const far = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let at = 0; at < far.length; at += near.length) hash.update(near.subarray(0, far.copy(near, 0, at)));
      parentPort!.postMessage({});
    } else {
      hashes.delete(id);
      if (end) parentPort!.postMessage({ id, hex: hash.digest("hex") });
    }
  });
}

/** What it says: the oldest bytes were taken, or the end of a digest. */
type Answer = Record<string, never> | { readonly id: number; readonly hex: string };

interface Waiting<T> {
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** A thread that computes SHA-256 of some 1,400 MB/s, beside what sends. */
class HashThread {
  /** Digests that it has now. */
  busy = 0;
  private readonly worker: Worker;
  /** What is to be done once the thread has taken bytes, in their order. */
  private readonly taking: (() => void)[] = [];
  private readonly asking: Waiting<void>[] = [];
  private readonly ending = new Map<number, Waiting<string>>();
  private failure: InternalError | undefined;
  private next = 0;

  constructor() {
    this.worker = new Worker(`(${hashThread})()`, { eval: true });
    // It never keeps the process from ending.
    this.worker.unref();
    this.worker.on("message", (answer: Answer) => this.answered(answer));
    this.worker.once("error", (error) => this.fail(error));
    this.worker.once("exit", () => this.fail(new Error("it ended")));
  }

  open(algorithm: string): DistantDigest {
    const id = this.next++;
    let open = true;
    this.busy += 1;
    const leave = () => {
      if (open) this.busy -= 1;
      open = false;
    };
    return {
      update: (chunk) => this.update(id, algorithm, chunk),
      hex: () =>
        new Promise((resolve, reject) => {
          leave();
          if (this.failure) return reject(this.failure);
          this.ending.set(id, { resolve, reject });
          this.worker.postMessage({ id, algorithm, end: true });
        }),
      close: () => {
        leave();
        this.worker.postMessage({ id, algorithm });
      },
    };
  }

  private update(id: number, algorithm: string, chunk: Uint8Array): Promise<void> | undefined {
    if (this.failure) return Promise.reject(this.failure);
    for (let at = 0; at < chunk.length; ) {
      if (this.taking.length >= most) return this.room().then(() => this.update(id, algorithm, chunk.subarray(at)));
      const { bytes, release } = holdShared(chunk.subarray(at));
      this.worker.postMessage({ id, algorithm, bytes });
      this.taking.push(release);
      at += bytes.length;
    }
    return undefined;
  }

  private room(): Promise<void> {
    return new Promise((resolve, reject) => this.asking.push({ resolve, reject }));
  }

  private answered(answer: Answer): void {
    if (answer.id === undefined) {
      this.taking.shift()?.();
      this.asking.shift()?.resolve();
    } else {
      this.ending.get(answer.id)?.resolve(answer.hex);
      this.ending.delete(answer.id);
    }
  }

  private fail(cause: Error): void {
    this.failure = new InternalError("INTERNAL", {
      happened: `The thread that computes digests failed: ${cause.message}.`,
      next: "Run it again; please report it with the log of this run.",
      cause,
    });
    for (const { reject } of [...this.asking.splice(0), ...this.ending.values()]) reject(this.failure);
    this.ending.clear();
  }
}

const threads: HashThread[] = [];
/** One of them does not keep up with what sends over many connections. */
const mostThreads = Math.min(2, availableParallelism());

/** Begins a digest (`sha256`, `sha512`) in the hashing thread that has the fewest; the second one starts when the first has one already. */
export function distantDigest(algorithm: string): DistantDigest {
  if (threads.length < mostThreads && threads.every(({ busy }) => busy > 0)) threads.push(new HashThread());
  return threads.reduce((least, one) => (one.busy < least.busy ? one : least)).open(algorithm);
}
