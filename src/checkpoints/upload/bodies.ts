import { fromAws } from "../../aws/errors.ts";
import type { BufferPool } from "../../bytes/buffers.ts";
import { crc32 } from "../../bytes/crc.ts";
import type { Source } from "../../bytes/source.ts";
import { type ListedObject, unquoted } from "../../facts/prefix.ts";
import { type RetryAdvice, retry } from "../../retry.ts";
import { BodyChecksum } from "../../transfer/body-checksum.ts";
import { Refused } from "../../transfer/failure.ts";
import type { Turn } from "../../transfer/queue.ts";
import { advise, retrying } from "../../transfer/retries.ts";
import type { Part } from "../parts.ts";
import { encryptionProblem, otherChecksum, race, UploadLost } from "./problems.ts";
import { confirmedObject, type Store, type UploadedPart } from "./store.ts";

/** Where a file goes. */
export interface Target {
  readonly key: string;
  readonly size: number;
  /** The object that is there now and will be replaced; absent: nothing is there, and nothing may be. */
  readonly found: Pick<ListedObject, "etag"> | undefined;
}

/** Bytes of one part: a range of a source, or bytes in memory. */
export type PartBody = { readonly source: Source; readonly offset: number; readonly size: number } | Uint8Array;

/** A part that S3 confirmed. */
export interface SentPart {
  readonly etag: string;
  readonly crc: bigint;
  /** `false`: it was there already. */
  readonly sent: boolean;
}

/** Uploads a file in one request, under its condition. */
export async function putObject(store: Store, target: Target, body: PartBody, turn: Turn): Promise<PutObject> {
  return withBytes(store.buffers, body, turn.signal, (bytes) => putBytes(store, target, bytes, turn));
}

/** What S3 confirmed of an object that was written in one request. */
export interface PutObject {
  readonly etag: string;
  /** CRC32, base64. */
  readonly crc: string;
}

/** The same, of a body that is at hand, or made anew at each pass over it: one for its checksum, one to send it. `type`: what S3 tells of the object to whoever reads it. */
export async function putBytes(
  store: Store,
  { key, size, found, type }: Target & { readonly type?: string },
  body: PartBody,
  turn: Turn,
): Promise<PutObject> {
  const checksum = new BodyChecksum(crc32);
  const crc = crc32.base64(await checksum.read(body, turn.signal));
  const place = `s3://${store.bucket}/${key}`;
  const headers = {
    ...checksum.before(),
    ...(type === undefined ? {} : { "content-type": type }),
    ...encryptionHeaders(store),
    ...(found ? { "if-match": `"${found.etag}"` } : { "if-none-match": "*" }),
  };
  try {
    const answer = await put(store, `uploading ${key}`, { key, headers, body }, turn);
    if ((answer[crc32.header] ?? crc) !== crc) throw otherChecksum(place);
    return { etag: unquoted(answer["etag"]), crc };
  } catch (thrown) {
    if (!(thrown instanceof Refused) || thrown.status !== 412) throw told(thrown, store, place);
    // Ours, where only the answer to an earlier attempt was lost; or somebody else's of the same bytes.
    const there = await confirmedObject(store, key, size, { algorithm: "CRC32", value: crc });
    if (!there) throw race(place);
    return { etag: there.etag, crc };
  }
}

/** Uploads one part with its checksum, unless S3 holds it already. */
export async function uploadPart(
  store: Store,
  { key }: Target,
  id: string,
  part: Part,
  body: PartBody,
  held: UploadedPart | undefined,
  turn: Turn,
): Promise<SentPart> {
  const place = `s3://${store.bucket}/${key}`;
  const query = { partNumber: String(part.number), uploadId: id };
  const send = async (bytes: PartBody): Promise<SentPart> => {
    const checksum = new BodyChecksum(crc32);
    if (held?.size === part.size) {
      const crc = await checksum.read(bytes, turn.signal);
      if (held.crc32 === crc32.base64(crc)) return { etag: held.etag, crc, sent: false };
    }
    try {
      const what = `uploading part ${part.number} of ${key}`;
      const answer = await put(store, what, { key, query, headers: {}, checksum, body: bytes }, turn);
      const crc = checksum.value!;
      const text = crc32.base64(crc);
      if (!answer["etag"] || (answer[crc32.header] ?? text) !== text) throw otherChecksum(place);
      return { etag: unquoted(answer["etag"]), crc, sent: true };
    } catch (thrown) {
      if (thrown instanceof Refused && thrown.reason === "NoSuchUpload") throw new UploadLost(thrown);
      throw told(thrown, store, place);
    }
  };
  return store.calls.checksumsTrail ? send(body) : withBytes(store.buffers, body, turn.signal, send);
}

/** One PUT with retries; gives the answer's headers. */
async function put(
  store: Store,
  what: string,
  call: {
    readonly key: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
    readonly checksum?: BodyChecksum;
    readonly body: PartBody;
  },
  turn: Turn,
): Promise<Readonly<Record<string, string>>> {
  const { calls, ctx } = store;
  return retry(
    async () => {
      const answer = await calls.send({ what, method: "PUT", signal: turn.signal, ...call });
      if (answer.status === 200) return answer.headers;
      throw new Refused(what, answer, ctx.clock.now());
    },
    { ...retrying(ctx, what, { signal: turn.signal, onThrottled: turn.slower }), advise: adviceForPut() },
  );
}

/** Bodies on disk up to this are read once, into memory of their own. */
const small = 256 * 1_024;

/**
 * For bodies whose checksum must be known before they are sent. Bytes over the network are fetched once, into a buffer of the budget; a large one on
 * disk is read twice, which is cheaper than memory.
 */
async function withBytes<T>(
  buffers: BufferPool,
  body: PartBody,
  signal: AbortSignal,
  use: (bytes: PartBody) => Promise<T>,
): Promise<T> {
  if (body instanceof Uint8Array || body.size === 0) return use(body);
  if (body.source.stream === undefined) return use(body.size > small ? body : await readWhole(body, signal));
  const loan = await buffers.acquire(body.size, signal);
  try {
    await body.source.read(body.offset, loan.bytes, signal);
    return await use(loan.bytes);
  } finally {
    loan.release();
  }
}

async function readWhole(
  { source, offset, size }: Exclude<PartBody, Uint8Array>,
  signal: AbortSignal,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  await source.read(offset, bytes, signal);
  return bytes;
}

function encryptionHeaders({ encryption }: Store): Record<string, string> {
  const { ServerSideEncryption: algorithm, SSEKMSKeyId: key } = encryption;
  return {
    ...(algorithm ? { "x-amz-server-side-encryption": algorithm } : {}),
    ...(key ? { "x-amz-server-side-encryption-aws-kms-key-id": key } : {}),
  };
}

/** Advice for one PUT: beside what passes by itself, a conflict with another write, and once an expired token, because the next one may be a new one. */
function adviceForPut(): (thrown: unknown) => RetryAdvice {
  let renewed = false;
  return (thrown) => {
    if (!(thrown instanceof Refused)) return advise(thrown);
    if (thrown.status === 409) return { retry: true };
    if (thrown.reason !== "ExpiredToken") return advise(thrown);
    const first = !renewed;
    renewed = true;
    return { retry: first };
  };
}

/** A refusal of S3, as an error that says what to do. */
function told(thrown: unknown, store: Store, place: string): unknown {
  if (!(thrown instanceof Refused)) return thrown;
  if (/^(BadDigest|XAmzContentSHA256Mismatch)$/.test(thrown.reason)) return otherChecksum(place);
  const error = Object.assign(new Error(thrown.happened), {
    name: thrown.reason || String(thrown.status),
    $metadata: { httpStatusCode: thrown.status },
  });
  return encryptionProblem(error, store) ?? fromAws(error, `uploading ${place}`);
}
