import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../http.ts";
import type { ModelTroubles } from "./troubles.ts";
import { engineError } from "./wire.ts";

/** Milliseconds to the first event and between events. */
export interface Rhythm {
  readonly first: number;
  readonly between: number;
}

/** What a stream's server is like while it streams. */
export interface StreamSource {
  readonly model: string;
  readonly rhythm: Rhythm;
  readonly troubles: ModelTroubles;
  /** The server was told to stop: as vLLM's, its open streams fall silent. */
  isStopping(): boolean;
}

/** The event stream of an answer, with what is scripted to go wrong. It ends with its connection. */
export function eventStream(call: Call, events: readonly string[], source: StreamSource): Readable {
  const gone = new AbortController();
  call.response.once("close", () => gone.abort());
  return Readable.from(chunks(call, events, source, gone.signal), { objectMode: false });
}

async function* chunks(
  call: Call,
  events: readonly string[],
  source: StreamSource,
  gone: AbortSignal,
): AsyncGenerator<string> {
  const { model, rhythm, troubles } = source;
  const cut = troubles.of("cut", model);
  const stall = troubles.of("stall", model);
  const error = troubles.of("error", model);
  const slow = troubles.of("slow", model);
  const endless = troubles.of("endless", model);
  const [first, between] = [slow?.firstToken ?? rhythm.first, slow?.token ?? rhythm.between];
  const list = troubles.of("no-done", model) ? events.slice(0, -1) : events;
  for (const [index, data] of list.entries()) {
    if (index === error?.after) {
      yield event(engineError);
      if (error.done !== false) yield event("[DONE]");
      return;
    }
    if (index === cut?.after) {
      // What was sent must have left before the connection breaks.
      await pause(5, gone);
      call.request.socket.destroy();
      return;
    }
    if (index === stall?.after || source.isStopping()) {
      await silence(gone);
      return;
    }
    await pause(index === 0 ? first : between, gone);
    if (gone.aborted) return;
    yield event(data);
  }
  while (endless && !gone.aborted) {
    yield `: ${"x".repeat(65_536)}\n`;
    await pause(0, gone);
  }
}

function event(data: string): string {
  return `data: ${data}\n\n`;
}

async function pause(milliseconds: number, gone: AbortSignal): Promise<void> {
  if (milliseconds < 1) await new Promise(setImmediate);
  else await sleep(milliseconds, undefined, { signal: gone }).catch(() => undefined);
}

function silence(gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => gone.addEventListener("abort", () => resolve(), { once: true }));
}
