import { performance } from "node:perf_hooks";
import type { Context } from "../action/context.ts";
import { errorText, MalformedAnswer, parseChunk, pathOf, quoted, requestOf } from "./answer.ts";
import { type Check, median, type Timings } from "./check.ts";
import { EventReader, type StreamEvent } from "./events.ts";
import { type Place, type ProbeAnswer, withoutKey } from "./request.ts";
import type { SmokeSettings, Thresholds } from "./settings.ts";
import type { ModelType, Target } from "./target.ts";
import { type Asked, askPatiently } from "./wait.ts";

/** Times of one streamed answer. */
interface StreamTimings {
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly totalMs: number;
}

/** What a streamed answer was, chunk by chunk. Pure: it is fed events with the time at which they came (ms since the request). */
export class StreamVerdict {
  private readonly type: ModelType;
  private readonly name: string;
  private text = 0;
  private chunks = 0;
  private tokens: number | undefined;
  private firstToken: number | undefined;
  private lastToken = 0;
  private finished = false;
  private done = false;
  private wrong: string | undefined;

  constructor(type: ModelType, name: string) {
    this.type = type;
    this.name = name;
  }

  take(event: StreamEvent, at: number): void {
    if (this.wrong) return;
    if (event.data.trim() === "[DONE]") {
      this.done = true;
      return;
    }
    try {
      const chunk = parseChunk(event.data, this.type);
      if (chunk.error !== undefined) this.wrong = `the server reports an error after its 200: ${chunk.error}`;
      else if (chunk.model !== "" && chunk.model !== this.name)
        this.wrong = `${quoted(chunk.model)} answered, not ${this.name}`;
      if (chunk.text !== "" || chunk.reasoning !== "") {
        this.firstToken ??= at;
        this.lastToken = at;
        this.chunks += 1;
        this.text += chunk.text.length + chunk.reasoning.length;
      }
      this.tokens = chunk.tokens ?? this.tokens;
      if (chunk.finish !== undefined) this.finished = true;
    } catch (thrown) {
      if (!(thrown instanceof MalformedAnswer)) throw thrown;
      this.wrong = thrown.message;
    }
  }

  /** What is wrong with the stream, now that it has ended; nothing when it is whole. `[DONE]` alone proves nothing. */
  complaint(): string | undefined {
    if (this.wrong) return this.wrong;
    if (this.text === 0) return "the stream holds no text";
    if (!this.finished) return "the stream ended in mid-answer, without a finish_reason";
    return this.done ? undefined : "the stream ended without [DONE]";
  }

  /** Timings; `end` is when the body ended. Tokens are the server's count, else one per chunk. */
  timings(end: number): StreamTimings {
    const first = this.firstToken ?? end;
    const tokens = this.tokens ?? this.chunks;
    const seconds = Math.max(1, this.lastToken - first) / 1_000;
    return { firstTokenMs: first, tokensPerSecond: tokens > 1 ? (tokens - 1) / seconds : 0, totalMs: end };
  }
}

/** Tokens of one streamed sample. */
const sampleTokens = 16;

/** Asks for `samples` streamed answers, one after the other; the first broken one ends it. */
export async function sampleStreams(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<{ check: Check; timings?: Timings }> {
  const samples: StreamTimings[] = [];
  let milliseconds = 0;
  for (let sample = 0; sample < settings.samples; sample += 1) {
    const started = performance.now();
    const { wrong, timings } = await sampleStream(target, place, settings, ctx);
    milliseconds += performance.now() - started;
    if (wrong) return { check: { name: "stream", result: "fail", ...wrong, milliseconds } };
    samples.push(timings);
  }
  const of = (field: "firstTokenMs" | "tokensPerSecond" | "totalMs") => median(samples.map((sample) => sample[field]));
  const timings = {
    samples: samples.length,
    firstTokenMs: of("firstTokenMs"),
    tokensPerSecond: of("tokensPerSecond"),
    totalMs: of("totalMs"),
  };
  const seen = `${samples.length} whole streams, first token after ${Math.round(timings.firstTokenMs)} ms`;
  return { check: { name: "stream", result: "pass", seen, remedy: "", milliseconds }, timings };
}

/** One streamed answer. Before its first byte trouble of the connection is waited out, as everywhere; from then on whatever breaks it is its fault. */
async function sampleStream(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<{ readonly wrong: Wrong | undefined; readonly timings: StreamTimings }> {
  const options = { stream: true, maxTokens: sampleTokens };
  const body = requestOf(target.modelName, target.modelType, settings.prompt, options);
  const reader = new EventReader();
  const verdict = new StreamVerdict(target.modelType, target.modelName);
  const take = (events: readonly StreamEvent[], at: number) => {
    for (const { data } of events) verdict.take({ data: withoutKey(data, settings.key) }, at);
  };
  const request = {
    method: "POST",
    path: pathOf(target.modelType),
    key: settings.key,
    body,
    onChunk: (chunk: Buffer, at: number) => take(reader.push(chunk), at),
  } as const;
  const asked = await askPatiently(place, request, ctx);
  const total = asked.answer?.total ?? 0;
  take(reader.end(), total);
  return { wrong: wrongOf(asked, verdict), timings: verdict.timings(total) };
}

/** What is wrong with a stream. */
type Wrong = Pick<Check, "seen" | "remedy" | "code">;

/** What kept the stream from beginning is told as everywhere; what broke it is the stream's own fault. */
function wrongOf(asked: Asked, verdict: StreamVerdict): Wrong | undefined {
  const { cause } = asked;
  if (cause && !["SMOKE_CUT", "SMOKE_SILENT"].includes(cause.code))
    return { seen: cause.seen, remedy: cause.remedy, code: cause.code };
  const seen = cause?.seen ?? (asked.answer && faultOf(asked.answer, verdict));
  if (seen === undefined) return undefined;
  const remedy = "Look at the model's log at that time; a proxy or the balancer's idle timeout (60 s) may cut streams.";
  return { seen, remedy, code: "SMOKE_STREAM" };
}

function faultOf({ status, cut, headers, body }: ProbeAnswer, verdict: StreamVerdict): string | undefined {
  if (status !== 200) return `answers ${status}: ${errorText(body)}`;
  if (cut) return "the stream has no end: more than 1 MiB came";
  const type = quoted(String(headers["content-type"] ?? "no content type")).toLowerCase();
  return type.startsWith("text/event-stream") ? verdict.complaint() : `a stream was asked for, and ${type} came`;
}

/** Compares the medians with the thresholds: missing one is degraded, not failed. */
export function judgeTimings(timings: Timings, thresholds: Thresholds): readonly Check[] {
  const rules: readonly [keyof Thresholds, number, (limit: number) => boolean][] = [
    ["first-token-ms", timings.firstTokenMs, (limit) => timings.firstTokenMs <= limit],
    ["tokens-per-second", timings.tokensPerSecond, (limit) => timings.tokensPerSecond >= limit],
    ["total-ms", timings.totalMs, (limit) => timings.totalMs <= limit],
  ];
  return rules.flatMap(([name, value, holds]): Check[] => {
    const limit = thresholds[name];
    if (limit === undefined) return [];
    const seen = `median ${Math.round(value)}, threshold ${limit}`;
    if (holds(limit)) return [{ name, result: "pass", seen, remedy: "", milliseconds: 0 }];
    return [
      {
        name,
        result: "degraded",
        seen,
        remedy: "Look at the pod's GPU and at other load on the node.",
        code: "SMOKE_SLOW",
        milliseconds: 0,
      },
    ];
  });
}
