import type { Context } from "../action/context.ts";
import { bodyChunkSize, passingChunkSize } from "../bytes/chunks.ts";
import { sourceChanged } from "../bytes/failures.ts";
import { rangedSource } from "../bytes/ranges.ts";
import type { Source } from "../bytes/source.ts";
import { UserError } from "../errors.ts";
import { retry } from "../retry.ts";
import { ConnectionFailed } from "./failure.ts";
import type { Incoming } from "./incoming.ts";
import { advise, retrying } from "./retries.ts";

/** What a server said about a file when it was opened. */
export interface RemoteFile {
  readonly size: number;
  readonly label: string;
  readonly identity: string;
  /** As the server wrote it; absent where it gives none. */
  readonly etag: string | undefined;
  /** `Last-Modified`, which stands in for a missing ETag. */
  readonly modified: string | undefined;
  /** Asks for a range (`bytes=0-511`) under the condition that the file is still the same, and gives any answer. */
  get(headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Incoming>;
  /** What an answer other than 200, 206 and 412 means; reads its body. */
  refusal(answer: Incoming): Promise<Error>;
}

/** Ranges up to this are one of many that pass at once. */
const longRange = 67_108_864;

/** A stream that made no progress is begun again so often. */
const fruitless = 5;

/** A file on a server as a source: each read is one request for a range, tried again where that can help, and a file that changed is `SOURCE_CHANGED`. */
export function remoteSource(file: RemoteFile, ctx: Pick<Context, "clock" | "signal" | "emit">): Source {
  const { label } = file;
  const condition = conditionOf(file);

  async function open(offset: number, size: number, signal: AbortSignal): Promise<Incoming> {
    const last = offset + size - 1;
    const answer = await file.get({ range: `bytes=${offset}-${last}`, ...condition }, signal);
    if (answer.status === 412 || (answer.status < 300 && isOther(file, answer))) {
      answer.discard();
      throw sourceChanged(label);
    }
    if (answer.status === 206 && answer.headers["content-range"] === `bytes ${offset}-${last}/${file.size}`)
      return answer;
    if (answer.status === 200 && offset === 0 && size === file.size) return answer;
    if (answer.status === 200 || answer.status === 206) {
      answer.discard();
      throw noRanges(label);
    }
    throw await file.refusal(answer);
  }

  const bothSignals = (signal: AbortSignal | undefined) =>
    signal && signal !== ctx.signal ? AbortSignal.any([signal, ctx.signal]) : ctx.signal;

  return rangedSource({
    size: file.size,
    label,
    identity: file.identity,
    async fetch(offset, into, given) {
      const signal = bothSignals(given);
      await retry(
        async () => (await open(offset, into.length, signal)).into(into),
        retrying(ctx, `reading ${label}`, { signal }),
      );
    },
    async *stream(offset, size, given) {
      const signal = bothSignals(given);
      const options = retrying(ctx, `reading ${label}`, { signal });
      const end = offset + size;
      let idle = 0;
      for (let at = offset; at < end; ) {
        const from = at;
        try {
          const answer = await retry(() => open(at, end - at, signal), options);
          for await (const chunk of answer.chunks(size > longRange ? bodyChunkSize : passingChunkSize)) {
            at += chunk.length;
            if (at > end)
              throw new ConnectionFailed("TRANSFER_BROKEN", label, "SIZE", "the server gave more than was asked for");
            yield chunk;
          }
        } catch (thrown) {
          idle = at > from ? 0 : idle + 1;
          if (!advise(thrown).retry || idle >= fruitless) throw thrown;
          const delay = ctx.clock.random() * 500 * 2 ** idle;
          options.onRetry?.(idle + 1, delay, thrown);
          await ctx.clock.sleep(delay, signal);
        }
      }
    },
  });
}

/** Only a strong ETag may be a condition; without one, what each answer says of itself is compared. */
function conditionOf({ etag }: RemoteFile): Readonly<Record<string, string>> {
  return etag !== undefined && !etag.startsWith("W/") ? { "if-match": etag } : {};
}

function isOther(file: RemoteFile, { headers }: Incoming): boolean {
  const total = /\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1];
  if (total !== undefined && Number(total) !== file.size) return true;
  if (file.etag !== undefined) return headers["etag"] !== undefined && headers["etag"] !== file.etag;
  return (
    file.modified !== undefined && headers["last-modified"] !== undefined && headers["last-modified"] !== file.modified
  );
}

/** An error about a server that does not give ranges of a file. */
export function noRanges(label: string): UserError {
  return new UserError("SOURCE_NO_RANGES", {
    happened: `The server of ${label} does not give ranges of it, so it can be neither read in parallel nor continued.`,
    next: "Put the file into S3, or on a server that answers `Range: bytes=0-0` with 206.",
  });
}
