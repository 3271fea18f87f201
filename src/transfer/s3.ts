import type { Context } from "../action/context.ts";
import { type Aws, inRegion } from "../aws/session.ts";
import { runningSha256, sha256Hex } from "../bytes/digest.ts";
import type { Place } from "../bytes/source.ts";
import { type Body, bodyChunks, canRepeat, sizeOf } from "./body.ts";
import type { BodyChecksum } from "./body-checksum.ts";
import { reasonOf } from "./failure.ts";
import { arrived, type Incoming } from "./incoming.ts";
import { bucketUrl, objectUrl } from "./s3-place.ts";
import { type Answer, type Outgoing, receive } from "./send.ts";
import type { SendingThreads } from "./sending-threads.ts";
import { type Signer, s3Signer, trailingPayload, unsignedPayload } from "./sign.ts";

/** One request for an object of a bucket. */
export interface ObjectCall extends Pick<Outgoing, "what" | "body" | "stall" | "patience"> {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  /** `partNumber`, `uploadId`, ... */
  readonly query?: Readonly<Record<string, string>>;
  /** In lower case; what S3 needs beyond these (host, date, signature, length) is added. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes along with the body, behind it where `checksumsTrail`; else the body is read for it first. */
  readonly checksum?: BodyChecksum;
  /** By default that of the context. */
  readonly signal?: AbortSignal;
}

/** Signed requests for the objects of one bucket. Each is sent once, but for the corrections named at `openBucket`. */
export interface BucketCalls {
  readonly bucket: string;
  /** Whether bodies of sources are read once, with their checksum behind them: over https, unless the bucket was found to want it otherwise. */
  readonly checksumsTrail: boolean;
  send(call: ObjectCall): Promise<Answer>;
  receive(call: ObjectCall): Promise<Incoming>;
}

/** Bodies up to this are hashed in any case: it costs nothing. */
const small = 65_536;

interface Door {
  readonly region: string;
  readonly url: string;
  readonly signer: Signer;
}

/**
 * Opens a bucket for requests whose bodies are too large for the SDK's client. What is corrected once and then remembered: a wrong clock
 * (`RequestTimeTooSkewed`), a bucket in another region, a bucket policy that wants signed bodies, a server that knows no checksum behind a body.
 * Expired credentials are asked for again, once.
 * `owner`: account that must own the bucket. `threads`: send what they can of large bodies.
 */
export async function openBucket(
  aws: Aws,
  bucket: string,
  ctx: Pick<Context, "clock" | "signal">,
  options: { readonly owner?: string; readonly threads?: SendingThreads | undefined } = {},
): Promise<BucketCalls> {
  let door = await doorOf(aws, bucket, ctx);
  let signBodies: "not needed" | "needed" | "no help" = "not needed";
  let trailers = true;

  async function once(call: ObjectCall, payload: string): Promise<Incoming> {
    const { checksum, method, key, query, signal = ctx.signal, ...more } = call;
    const url = objectUrl(door.url, key, query);
    const trailing = payload === trailingPayload && checksum && call.body;
    const headers = {
      ...call.headers,
      ...(trailing ? checksum.behind(trailing) : checksum?.before()),
      ...(options.owner === undefined ? {} : { "x-amz-expected-bucket-owner": options.owner }),
    };
    const signed = await door.signer.sign({ method, url, headers, payload });
    const outgoing = { ...more, method, url, headers: signed, agents: aws.agents, signal };
    if (!trailing) return receive(outgoing);
    return sendTrailing(outgoing, trailing, checksum, options.threads);
  }

  const secure = () => door.url.startsWith("https:");

  async function correctable(call: ObjectCall): Promise<Incoming> {
    const corrected = new Set<string>();
    for (;;) {
      const signed = !secure() || signBodies === "needed" || corrected.has("body");
      const how = { signed, trailing: trailers && !corrected.has("trailer") };
      const payload = await payloadOf(call, how, call.signal ?? ctx.signal);
      const answer = await once(call, payload);
      if (answer.status < 300 || answer.status === 304) {
        if (corrected.has("body")) signBodies = "needed";
        if (corrected.has("trailer")) trailers = false;
        return answer;
      }
      const refused = await held(answer);
      const remedy = canRepeat(call.body) ? await remedyFor(refused, payload) : undefined;
      if (remedy === undefined || corrected.has(remedy)) {
        if (corrected.has("body")) signBodies = "no help";
        return refused.answer;
      }
      corrected.add(remedy);
    }
  }

  /** What may help against a refusal; it is done already, but for the body's hash. */
  async function remedyFor({ answer, body }: Held, payload: string): Promise<string | undefined> {
    const region = answer.headers["x-amz-bucket-region"];
    if (region !== undefined && region !== door.region && [301, 307, 400].includes(answer.status)) {
      door = await doorOf(inRegion(aws, region), bucket, ctx);
      return "region";
    }
    const reason = reasonOf(body);
    if (/^(ExpiredToken|TokenRefreshRequired)$/.test(reason)) {
      aws.credentials.renew?.();
      return "credentials";
    }
    const time = Date.parse(answer.headers["date"] ?? "");
    // The answer to a HEAD has no body that could say why.
    if (answer.status === 403 && (reason === "RequestTimeTooSkewed" || reason === "") && !Number.isNaN(time))
      if (door.signer.learnTime(time)) return "clock";
    const unsigned = payload === unsignedPayload || payload === trailingPayload;
    if (answer.status === 403 && reason === "AccessDenied" && unsigned && signBodies === "not needed") return "body";
    if (payload === trailingPayload && unknownTrailer.test(reason)) return "trailer";
    return undefined;
  }

  return {
    bucket,
    get checksumsTrail() {
      return trailers && secure() && signBodies !== "needed";
    },
    receive: correctable,
    async send(call) {
      const { status, headers, ...answer } = await correctable(call);
      return { status, headers, body: await answer.bytes() };
    },
  };
}

async function doorOf(aws: Aws, bucket: string, ctx: Pick<Context, "clock">): Promise<Door> {
  return {
    region: aws.region,
    url: await bucketUrl(aws, bucket),
    signer: s3Signer(aws.region, aws.credentials, ctx.clock),
  };
}

interface Held {
  readonly answer: Incoming;
  readonly body: Buffer;
}

/** Reads a refusal's body, so that it can be looked at here and by the caller. */
async function held(answer: Incoming): Promise<Held> {
  const body = await answer.bytes();
  return { body, answer: arrived({ ...answer, body }) };
}

/** What servers say that know no checksum behind a body. */
const unknownTrailer = /^(NotImplemented|InvalidArgument|InvalidRequest|XAmzContentSHA256Mismatch)$/;

/** A hash of what is small or must be signed; else the word that leaves the body out of the signature. A checksum that goes before the body is known then. */
async function payloadOf(
  { body, checksum }: ObjectCall,
  { signed, trailing }: { readonly signed: boolean; readonly trailing: boolean },
  signal: AbortSignal,
): Promise<string> {
  const bare = body !== undefined && sizeOf(body) > 0 && !(body instanceof Uint8Array);
  if (checksum && bare && trailing && !signed) return trailingPayload;
  if (checksum && body !== undefined && checksum.value === undefined) await checksum.read(body, signal);
  if (body === undefined || sizeOf(body) === 0) return sha256Hex("");
  if (body instanceof Uint8Array && (signed || body.length <= small)) return sha256Hex(body);
  return signed && canRepeat(body) ? hashOf(body, signal) : unsignedPayload;
}

async function hashOf(body: Body, signal: AbortSignal): Promise<string> {
  const digest = runningSha256();
  for await (const chunk of bodyChunks(body, signal)) digest.update(chunk);
  return digest.hex();
}

/** Sends a body with its checksum behind it: a range of a file from whichever thread has least to do. */
async function sendTrailing(
  { signal, ...outgoing }: Outgoing,
  body: Body,
  checksum: BodyChecksum,
  threads: SendingThreads | undefined,
): Promise<Incoming> {
  const here = () => receive({ ...outgoing, signal, body: checksum.framed(body, signal) });
  const place = placeOf(body);
  if (!threads || !place) return here();
  return threads.share(here, async (sender) => {
    const { what, method, url, headers, stall, patience } = outgoing;
    const request = { what, method, url, headers, stall, patience, place, size: sizeOf(body) };
    const { answer, crc } = await sender.send(request, signal);
    checksum.learn(crc);
    return arrived({ ...answer, body: Buffer.from(answer.body.buffer) });
  });
}

function placeOf(body: Body): Place | undefined {
  if (body instanceof Uint8Array || !("source" in body)) return undefined;
  const place = body.source.place?.();
  return place && { ...place, offset: place.offset + body.offset };
}
