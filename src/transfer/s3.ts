import type { Context } from "../action/context.ts";
import { type Aws, inRegion } from "../aws/session.ts";
import { runningSha256, sha256Hex } from "../bytes/digest.ts";
import { type Body, bodyChunks, canRepeat, sizeOf } from "./body.ts";
import { reasonOf } from "./failure.ts";
import type { Incoming } from "./incoming.ts";
import { bucketUrl, objectUrl } from "./s3-place.ts";
import { type Answer, type Outgoing, receive } from "./send.ts";
import { type Signer, s3Signer, unsignedPayload } from "./sign.ts";

/** One request for an object of a bucket. */
export interface ObjectCall extends Pick<Outgoing, "what" | "body" | "stall" | "patience" | "onChunk"> {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  /** `partNumber`, `uploadId`, ... */
  readonly query?: Readonly<Record<string, string>>;
  /** In lower case; what S3 needs beyond these (host, date, signature, length) is added. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By default that of the context. */
  readonly signal?: AbortSignal;
}

/** Signed requests for the objects of one bucket. Each is sent once, but for the corrections named at `openBucket`. */
export interface BucketCalls {
  readonly bucket: string;
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
 * (`RequestTimeTooSkewed`), a bucket in another region, a bucket policy that wants signed bodies. Expired credentials are asked for again, once.
 * `owner`: account that must own the bucket.
 */
export async function openBucket(
  aws: Aws,
  bucket: string,
  ctx: Pick<Context, "clock" | "signal">,
  options: { readonly owner?: string } = {},
): Promise<BucketCalls> {
  let door = await doorOf(aws, bucket, ctx);
  let signBodies: "not needed" | "needed" | "no help" = "not needed";

  async function once(call: ObjectCall, payload: string): Promise<Incoming> {
    const url = objectUrl(door.url, call.key, call.query);
    const headers = {
      ...call.headers,
      ...(options.owner === undefined ? {} : { "x-amz-expected-bucket-owner": options.owner }),
    };
    const signed = await door.signer.sign({ method: call.method, url, headers, payload });
    return receive({ ...call, url, headers: signed, agents: aws.agents, signal: call.signal ?? ctx.signal });
  }

  async function correctable(call: ObjectCall): Promise<Incoming> {
    const corrected = new Set<string>();
    for (;;) {
      const secure = door.url.startsWith("https:");
      const signed = !secure || signBodies === "needed" || corrected.has("body");
      const payload = await payloadOf(call, signed, call.signal ?? ctx.signal);
      const answer = await once(call, payload);
      if (answer.status < 300 || answer.status === 304) {
        if (corrected.has("body")) signBodies = "needed";
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
    if (
      answer.status === 403 &&
      reason === "AccessDenied" &&
      payload === unsignedPayload &&
      signBodies === "not needed"
    )
      return "body";
    return undefined;
  }

  return {
    bucket,
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
  return { body, answer: { ...answer, bytes: async () => body, discard() {} } };
}

/** A hash of what is small or must be signed; else the word that leaves the body out of the signature. */
async function payloadOf({ body }: ObjectCall, signed: boolean, signal: AbortSignal): Promise<string> {
  if (body === undefined || sizeOf(body) === 0) return sha256Hex("");
  if (body instanceof Uint8Array && (signed || body.length <= small)) return sha256Hex(body);
  return signed && canRepeat(body) ? hashOf(body, signal) : unsignedPayload;
}

async function hashOf(body: Body, signal: AbortSignal): Promise<string> {
  const digest = runningSha256();
  for await (const chunk of bodyChunks(body, signal)) digest.update(chunk);
  return digest.hex();
}
