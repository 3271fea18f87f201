import type { IncomingMessage } from "node:http";
import type { Watch } from "./watch.ts";

/** What a body needs from the exchange that it belongs to. */
export interface Exchange {
  readonly what: string;
  readonly watch: Watch;
  /** What ended the exchange, as one of ours. */
  failed(thrown: unknown): Error;
  /** The body was read whole. */
  finished(): void;
  /** Ends the exchange and its connection. */
  end(): void;
}

/** What filled a buffer, and what ended the body before its time. */
export interface Filled {
  readonly filled: number;
  readonly broken?: { readonly reason: unknown };
}

/**
 * The body of an answer as it comes from the socket, a few KiB at a time: taken by events, because a promise for each piece costs more than the
 * piece. The silence before a piece is watched, the time that the caller takes is not.
 */
export class Inflow {
  private readonly response: IncomingMessage;
  private readonly exchange: Exchange;
  /** Came, but found no room. */
  private rest: Buffer | undefined;
  private end: "whole" | { readonly reason: unknown } | undefined;
  private take: (piece: Buffer) => void = () => {};
  private wake = () => {};

  constructor(response: IncomingMessage, exchange: Exchange) {
    this.response = response;
    this.exchange = exchange;
  }

  /** Hands over every piece until `take` gives `false`, which ends the exchange. What is thrown ends it too. */
  async each(take: (piece: Buffer) => boolean): Promise<void> {
    let refused: { readonly reason: unknown } | undefined;
    let enough = false;
    await this.run((piece) => {
      if (enough) return;
      try {
        enough = !take(piece);
      } catch (reason) {
        refused = { reason };
        enough = true;
      }
      if (enough) this.close();
    });
    if (refused) throw refused.reason;
    if (!enough && typeof this.end === "object") throw this.end.reason;
  }

  /** Fills `into`, less only at the end of the body; the rest of a piece is kept for the next call. */
  async fill(into: Uint8Array): Promise<Filled> {
    let filled = 0;
    const put = (piece: Buffer) => {
      // Not by `set`: into shared memory it takes three times as long (measured).
      const copied = piece.copy(into, filled);
      filled += copied;
      if (copied < piece.length) this.rest = piece.subarray(copied);
      else letGo(piece);
      if (filled === into.length) this.pause();
    };
    const kept = this.rest;
    this.rest = undefined;
    if (kept) put(kept);
    if (filled < into.length) await this.run(put);
    return { filled, ...(filled < into.length && typeof this.end === "object" ? { broken: this.end } : {}) };
  }

  /** Nothing more is wanted; a body that was not read to its end takes its connection along. */
  close(): void {
    if (this.end === undefined) this.finish({ reason: this.exchange.failed(new Error("it was closed")) });
  }

  /** Lets pieces come until there is no room, or no more of them. */
  private run(take: (piece: Buffer) => void): Promise<void> {
    if (this.end !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const { response, exchange } = this;
      this.take = take;
      this.wake = resolve;
      exchange.watch.arm();
      if (response.listenerCount("data") === 0) this.listen();
      else response.resume();
    });
  }

  private listen(): void {
    const { response, exchange } = this;
    response.on("data", (piece: Buffer) => {
      exchange.watch.arm();
      this.take(piece);
    });
    response.once("end", () => this.finish("whole"));
    response.once("error", (error) => this.finish({ reason: exchange.failed(error) }));
    response.once("close", () => {
      if (this.end === undefined)
        this.finish({ reason: exchange.failed(new Error("closed in the middle of its body")) });
    });
  }

  private pause(): void {
    this.exchange.watch.disarm();
    this.response.pause();
    this.wake();
  }

  private finish(end: NonNullable<Inflow["end"]>): void {
    if (this.end !== undefined) return;
    this.end = end;
    this.exchange.watch.disarm();
    if (end === "whole") this.exchange.finished();
    else this.exchange.end();
    this.wake();
  }
}

/**
 * Gives the memory of a piece back that was copied: it lies outside of V8's heap, and at hundreds of MB a second a collection that looks at the heap
 * comes too late. Only of a piece that has its buffer for itself, and only once the parser of HTTP, which may still be reading it, has returned.
 */
export function letGo({ buffer, byteLength }: Uint8Array): void {
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) process.nextTick(() => buffer.transfer(0));
}
