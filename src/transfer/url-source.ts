import { createHash } from "node:crypto";
import type { Context } from "../action/context.ts";
import type { Secret } from "../action/secret.ts";
import type { Agents } from "../agent.ts";
import { sourceDenied, sourceNotFound } from "../bytes/failures.ts";
import type { Source } from "../bytes/source.ts";
import { UserError } from "../errors.ts";
import { retry } from "../retry.ts";
import { Refused } from "./failure.ts";
import type { Incoming } from "./incoming.ts";
import { locationOf } from "./redirects.ts";
import { noRanges, type RemoteFile, remoteSource } from "./remote-source.ts";
import { retrying } from "./retries.ts";
import { receive } from "./send.ts";

/** What reading needs. */
export type Means = Pick<Context, "clock" | "signal" | "emit">;

interface UrlRef {
  readonly url: Secret;
  readonly label: string;
}

/** Redirects that are followed; a download page that loops is not a file. */
const mostRedirects = 5;

/**
 * A file behind a URL, presigned or plain. Its size comes from a GET of its first byte, because a presigned GET refuses HEAD. The URL is a
 * secret: it is in no message and no identity. Errors: `SOURCE_NOT_FOUND`, `SOURCE_DENIED`, `SOURCE_EXPIRED`, `SOURCE_NO_RANGES`, `SOURCE_CHANGED`.
 */
export async function openUrl(ref: UrlRef, agents: Pick<Agents, "http" | "https">, ctx: Means): Promise<Source> {
  const { label } = ref;
  const what = `reading ${label}`;
  const { get, refusal } = asking(ref, agents, ctx);
  const first = await retry(
    async () => {
      const answer = await get({ range: "bytes=0-0" }, ctx.signal);
      if ((answer.status === 206 && answer.headers["content-range"] !== undefined) || isEmpty(answer)) {
        await answer.bytes();
        return answer;
      }
      if (answer.status !== 200 && answer.status !== 206) throw await refusal(answer);
      answer.discard();
      if (answer.headers["content-length"] === "0") return answer;
      throw noRanges(label);
    },
    retrying(ctx, what),
  );
  const { etag, "last-modified": modified, "content-range": range = "*/0" } = first.headers;
  const size = Number(/\/(\d+)$/.exec(range)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(size)) throw noRanges(label);
  const { host, pathname } = new URL(ref.url.reveal());
  const identity = `url:${host}${pathname}:${size}:${etag ?? modified ?? nameless(ref.url)}`;
  return urlSource({ ...ref, size, identity, etag, modified }, agents, ctx);
}

/** A file behind a URL, as `openUrl` found it. Asks for nothing yet. */
export function urlSource(
  { url, ...found }: UrlRef & Omit<RemoteFile, "get" | "refusal">,
  agents: Pick<Agents, "http" | "https">,
  ctx: Means,
): Source {
  return {
    ...remoteSource({ ...found, ...asking({ url, label: found.label }, agents, ctx) }, ctx),
    place: () => ({ ...found, url: url.reveal(), offset: 0 }),
  };
}

/** Requests for a file behind a URL, and what refusals of them mean. */
function asking(ref: UrlRef, agents: Pick<Agents, "http" | "https">, ctx: Means): Pick<RemoteFile, "get" | "refusal"> {
  const what = `reading ${ref.label}`;
  return {
    get: (headers, signal) => followed(ref.url.reveal(), headers, { what, agents, signal }),
    refusal: async (answer) => refusedUrl(ref, answer, await answer.bytes(), ctx),
  };
}

/** A server's way to say that a file has no first byte. */
function isEmpty({ status, headers }: Incoming): boolean {
  return status === 416 && headers["content-range"] === "bytes */0";
}

/** Where a server gives neither ETag nor date, another URL is another file; only its digest is kept. */
function nameless(url: Secret): string {
  return createHash("sha256").update(url.reveal()).digest("hex").slice(0, 16);
}

async function followed(
  start: string,
  headers: Readonly<Record<string, string>>,
  how: { readonly what: string; readonly agents: Pick<Agents, "http" | "https">; readonly signal: AbortSignal },
): Promise<Incoming> {
  let url = start;
  for (let hop = 0; ; hop += 1) {
    const answer = await receive({ ...how, method: "GET", url, headers });
    const { location } = answer.headers;
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
    answer.discard();
    if (hop === mostRedirects)
      throw new UserError("SOURCE_REFUSED", {
        happened: `${how.what}: the server sent us on more than ${mostRedirects} times.`,
        next: "Give the URL of the file itself.",
      });
    url = locationOf(location, url, how.what);
  }
}

function refusedUrl({ url, label }: UrlRef, answer: Incoming, body: Buffer, ctx: Means): Error {
  const error = new Refused(
    `reading ${label}`,
    { status: answer.status, headers: answer.headers, body },
    ctx.clock.now(),
  );
  if (answer.status === 404 || answer.status === 410) return sourceNotFound(label, "URL", error);
  if (![400, 401, 403].includes(answer.status)) return error;
  if (hasExpired(url, error, body, ctx.clock.now()))
    return new UserError("SOURCE_EXPIRED", {
      happened: `The URL of ${label} is no longer valid.`,
      next: "Make a new one that is valid for the whole transfer (aws s3 presign s3://<bucket>/<key> --expires-in 43200), set it as the secret, and run again.",
      cause: error,
    });
  return sourceDenied(
    label,
    "Make a new URL with credentials that may read the file, and set it as the secret.",
    error,
  );
}

/** By the server's words, or by the times in the URL itself. */
function hasExpired(url: Secret, refused: Refused, body: Buffer, now: number): boolean {
  if (/^(ExpiredToken|RequestExpired|TokenRefreshRequired)$/.test(refused.reason)) return true;
  if (/\b(has )?expired\b/i.test(body.subarray(0, 4_096).toString("utf8"))) return true;
  const query = new URL(url.reveal()).searchParams;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get("X-Amz-Date") ?? "") ?? [];
  const signed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return signed + Number(query.get("X-Amz-Expires")) * 1_000 < now;
}
