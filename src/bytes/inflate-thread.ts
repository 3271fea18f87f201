import type { Transform } from "node:stream";

/** What a run of the thread is begun with. */
export interface Begin {
  readonly id: number;
  readonly begin: {
    /** The function of node:zlib that makes an engine. */
    readonly engine: "createGunzip" | "createZstdDecompress";
    /** What may stand behind the end that the engine saw: another frame, or nothing but the zeros that some writers pad with. */
    readonly afterEnd: "frame" | "zeros";
    /** Slots of `slotSize` bytes for what is inflated. */
    readonly memory: SharedArrayBuffer;
    readonly outputs: number;
    readonly slotSize: number;
  };
}

/** What the thread is told of a run: here are compressed bytes, in shared memory; a slot was read; there is no more; nobody wants it any more. */
export type Order =
  | Begin
  | { readonly id: number; readonly packed: Uint8Array }
  | { readonly id: number; readonly read: number }
  | { readonly id: number; readonly last: true }
  | { readonly id: number; readonly close: true };

/** What it says: the oldest compressed bytes were used up, a slot was inflated, all was, or why it cannot be. */
export type Answer =
  | { readonly id: number; readonly used: true }
  | { readonly id: number; readonly inflated: number; readonly size: number }
  | { readonly id: number; readonly end: true }
  | { readonly id: number; readonly code: string; readonly message: string };

/** The code of an answer where something other than zeros follows the end. */
export const strayBytes = "stray bytes";

/**
 * What the thread runs. It is started from its own text, so it needs no file beside the library, and may use nothing but what is inside of it. zlib
 * inflates into buffers of its own; here that costs no more than a copy, for each is handed back as soon as it was copied and serves again.
 */
export function inflateThread(): void {
  type Engine = Transform & { readonly bytesWritten: number };
  const port = process.getBuiltinModule("node:worker_threads").parentPort!;
  const zlib = process.getBuiltinModule("node:zlib");
  const answer = (answer: Answer) => port.postMessage(answer);
  const runs = new Map<number, Run>();

  /** Gives the memory of a buffer that zlib has filled to its end back at once: it is taken again for the next, where collected garbage is new pages each time. */
  const handBack = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>) => {
    if (byteOffset + byteLength === buffer.byteLength) buffer.transfer(0);
  };

  class Run {
    private readonly id: number;
    private readonly how: Begin["begin"];
    private readonly free: number[];
    private readonly pieces: Uint8Array[] = [];
    private engine: Engine | undefined;
    private filling: { readonly slot: number; size: number } | undefined;
    private last = false;
    private closed = false;
    private wakeFeeder = () => {};
    private wakeGiver = () => {};

    constructor({ id, begin }: Begin) {
      this.id = id;
      this.how = begin;
      this.free = Array.from({ length: begin.outputs }, (_, slot) => slot);
    }

    hear(order: Exclude<Order, Begin>): void {
      if ("packed" in order) this.pieces.push(order.packed);
      else if ("read" in order) this.free.push(order.read);
      else this.last = true;
      if ("close" in order) {
        this.closed = true;
        this.pieces.length = 0;
        this.engine?.destroy();
      }
      this.wakeFeeder();
      this.wakeGiver();
    }

    async all(): Promise<void> {
      try {
        await this.inflate();
      } finally {
        this.flush();
      }
    }

    private async inflate(): Promise<void> {
      do {
        const engine: Engine = zlib[this.how.engine]({ chunkSize: this.how.slotSize });
        this.engine = engine;
        const feeding = this.feed(engine);
        try {
          for await (const chunk of engine) {
            await this.give(chunk);
            handBack(chunk);
          }
        } finally {
          engine.destroy();
          await feeding;
        }
      } while (this.how.afterEnd === "frame" && (await this.peek()));
      for (let bytes = await this.peek(); bytes; bytes = await this.peek()) {
        if (bytes.some((byte) => byte !== 0)) throw Object.assign(new Error(), { code: "stray bytes" });
        this.take(bytes.length);
      }
    }

    /** Hands bytes to the engine until it saw the end of its data. */
    private async feed(engine: Engine): Promise<void> {
      const over = new Promise<void>((resolve) => engine.once("end", resolve).once("close", resolve));
      for (;;) {
        const bytes = await Promise.race([over, this.peek()]);
        if (engine.destroyed || engine.readableEnded) return;
        if (!bytes) return void engine.end();
        const before = engine.bytesWritten;
        await Promise.race([over, new Promise<void>((resolve) => engine.write(bytes, () => resolve()))]);
        const taken = engine.bytesWritten - before;
        this.take(taken);
        if (taken < bytes.length) return;
      }
    }

    /** The bytes that come next; `undefined` at the end. */
    private async peek(): Promise<Uint8Array | undefined> {
      while (this.pieces.length === 0 && !this.last)
        await new Promise<void>((resolve) => {
          this.wakeFeeder = resolve;
        });
      return this.pieces[0];
    }

    private take(size: number): void {
      const piece = this.pieces[0];
      if (!piece) return;
      this.pieces[0] = piece.subarray(size);
      if (size < piece.length) return;
      this.pieces.shift();
      answer({ id: this.id, used: true });
    }

    /** Copies what was inflated into slots; one that is full is handed on. */
    private async give(chunk: Buffer): Promise<void> {
      for (let at = 0; at < chunk.length; ) {
        this.filling ??= { slot: await this.freeSlot(), size: 0 };
        // What was inflated before may still be held.
        if (this.closed) return;
        const { slot, size } = this.filling;
        // Not by `set`: into shared memory it takes three times as long (measured).
        const copied = chunk.copy(this.view(slot), size, at);
        this.filling.size += copied;
        at += copied;
        if (this.filling.size === this.how.slotSize) this.flush();
      }
    }

    private flush(): void {
      if (this.filling) answer({ id: this.id, inflated: this.filling.slot, size: this.filling.size });
      this.filling = undefined;
    }

    private async freeSlot(): Promise<number> {
      while (this.free.length === 0 && !this.closed)
        await new Promise<void>((resolve) => {
          this.wakeGiver = resolve;
        });
      return this.free.pop() ?? 0;
    }

    private view(slot: number): Uint8Array {
      return new Uint8Array(this.how.memory, slot * this.how.slotSize, this.how.slotSize);
    }
  }

  port.on("message", (order: Order) => {
    if (!("begin" in order)) return runs.get(order.id)?.hear(order);
    const { id } = order;
    const run = new Run(order);
    runs.set(id, run);
    run
      .all()
      .then(
        () => answer({ id, end: true }),
        ({ code, message }: { code: string; message: string }) => answer({ id, code, message }),
      )
      .finally(() => runs.delete(id));
  });
}
