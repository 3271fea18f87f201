import { distantDigest } from "../../bytes/hash-thread.ts";
import { UserError } from "../../errors.ts";
import type { Body } from "../../transfer/body.ts";
import { Refused } from "../../transfer/failure.ts";
import type { Answer } from "../../transfer/send.ts";
import { algorithmOf, type Descriptor, digestLike } from "../oci/descriptor.ts";
import { short } from "../oci/manifest.ts";
import { notVerified } from "./manifests.ts";
import { advise, explain, isStale } from "./refusal.ts";
import type { Wire } from "./wire.ts";

/** Blobs up to this are read whole, proven, and sent in one request; larger ones stream through one PATCH. */
const inOneRequest = 4 * 2 ** 20;

/** Where a blob's bytes come from, anew for each attempt. */
export interface BlobBody {
  /** All of it, for small ones. */
  whole(): Promise<Buffer>;
  /** All of it, as a body that is sent once. */
  body(): Body;
  /** `false`: the bytes pass once, so a second attempt is not possible. */
  readonly again: boolean;
}

/** Hears how many bytes of a blob have left; a negative number takes back what a failed attempt had sent. */
export type OnSent = (bytes: number) => void;

function uploads(repository: string): string {
  return `/v2/${repository}/blobs/uploads/`;
}

/** Whether the repository has the blob. */
export async function hasBlob(wire: Wire, repository: string, blob: Descriptor): Promise<boolean> {
  const answer = await wire.call({
    what: `asking ${repository} for ${short(blob.digest)}`,
    repository,
    method: "HEAD",
    url: `/v2/${repository}/blobs/${blob.digest}`,
    accept: [200, 404],
  });
  return answer.status === 200;
}

/** Asks the registry to take the blob over from another repository. A registry that does not gives the place of an upload instead. */
export async function mountBlob(
  wire: Wire,
  repository: string,
  blob: Descriptor,
  from: string,
): Promise<{ readonly mounted: true } | { readonly mounted: false; readonly session: string }> {
  const answer = await wire.call({
    what: `mounting ${short(blob.digest)} from ${from} into ${repository}`,
    repository,
    method: "POST",
    url: `${uploads(repository)}?mount=${encodeURIComponent(blob.digest)}&from=${encodeURIComponent(from)}`,
    accept: [201, 202],
  });
  if (answer.status === 201) return { mounted: true };
  return { mounted: false, session: locationOf(answer, uploads(repository), wire) };
}

/**
 * Sends a blob, hashed while it leaves: bytes with another digest than the blob's are never committed (`LAYER_DAMAGED`). Each attempt is a new
 * upload; a registry that has the blob after a lost answer is not sent it again. `session`: an upload that the registry opened already.
 */
export async function uploadBlob(
  wire: Wire,
  repository: string,
  blob: Descriptor,
  source: BlobBody,
  archive: string,
  onSent: OnSent,
  session?: string,
): Promise<void> {
  const what = `sending ${short(blob.digest)} to ${repository}`;
  let sent = 0;
  const tell = (bytes: number) => {
    sent += bytes;
    onSent(bytes);
  };
  const attempt = async (number: number): Promise<void> => {
    if (number > 1) {
      onSent(-sent);
      sent = 0;
      if (await hasBlob(wire, repository, blob)) return onSent(blob.size);
    }
    const place = (number === 1 ? session : undefined) ?? (await startUpload(wire, repository, what));
    const answer =
      blob.size <= inOneRequest
        ? await sendWhole(wire, repository, blob, await source.whole(), archive, place, what)
        : await sendStream(wire, repository, blob, source.body(), archive, place, what, tell);
    if (blob.size <= inOneRequest) tell(blob.size);
    const said = answer.headers["docker-content-digest"];
    if (said !== undefined && said !== blob.digest) throw notVerified(`a blob of ${repository}`, blob.digest, said);
  };
  if (source.again) return wire.persist(what, repository, attempt);
  try {
    await attempt(1);
  } catch (thrown) {
    onSent(-sent);
    throw mayPass(thrown) ? new BlobLost(thrown) : explain(thrown, repository);
  }
}

function mayPass(thrown: unknown): boolean {
  return advise(thrown).retry || (thrown instanceof Refused && isStale(thrown));
}

/** The bytes passed, and the connection broke: they must pass again. */
export class BlobLost extends Error {
  override readonly name = "BlobLost";

  constructor(cause: unknown) {
    super("a blob that passes once was lost", { cause });
  }
}

async function startUpload(wire: Wire, repository: string, what: string): Promise<string> {
  const url = uploads(repository);
  const answer = await wire.once({ what, repository, method: "POST", url, accept: [202, 201, 200] });
  return locationOf(answer, url, wire);
}

function sendWhole(
  wire: Wire,
  repository: string,
  blob: Descriptor,
  bytes: Buffer,
  archive: string,
  place: string,
  what: string,
): Promise<Answer> {
  const digest = digestLike(blob.digest, bytes);
  if (digest !== blob.digest) throw layerDamaged(blob, digest, archive);
  return wire.once({
    what,
    repository,
    method: "PUT",
    url: withDigest(place, blob.digest),
    headers: { "content-type": "application/octet-stream" },
    body: bytes,
    accept: [200, 201, 202],
  });
}

/** One streamed PATCH, then an empty PUT. Never several PATCHes: ECR's `Range` answers are stale (aws/containers-roadmap#2831). */
async function sendStream(
  wire: Wire,
  repository: string,
  blob: Descriptor,
  body: Body,
  archive: string,
  place: string,
  what: string,
  onSent: OnSent,
): Promise<Answer> {
  const algorithm = algorithmOf(blob.digest);
  const hash = distantDigest(algorithm);
  const patched = await wire
    .once({
      what,
      repository,
      method: "PATCH",
      url: place,
      headers: { "content-type": "application/octet-stream" },
      body,
      accept: [200, 201, 202, 204],
      onChunk(chunk) {
        onSent(chunk.length);
        return hash.update(chunk);
      },
    })
    .catch((thrown: unknown) => {
      hash.close();
      throw thrown;
    });
  const digest = `${algorithm}:${await hash.hex()}`;
  if (digest !== blob.digest) throw layerDamaged(blob, digest, archive);
  const next = patched.headers["location"] === undefined ? place : locationOf(patched, place, wire);
  return wire.once({
    what,
    repository,
    method: "PUT",
    url: withDigest(next, blob.digest),
    accept: [200, 201, 202, 204],
  });
}

/** The answer's `Location`, absolute; what it says is left as it is, since it may be signed. */
function locationOf(answer: Answer, asked: string, wire: Wire): string {
  const location = answer.headers["location"] ?? "";
  if (/^https?:\/\//i.test(location)) return location;
  const base = new URL(asked, wire.endpoint);
  return location.startsWith("/") ? `${base.origin}${location}` : new URL(location, base).href;
}

function withDigest(place: string, digest: string): string {
  return `${place}${place.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
}

/** The refusal of a layer whose bytes are not what its manifest says. */
function layerDamaged(blob: Descriptor, digest: string, archive: string): UserError {
  return new UserError("LAYER_DAMAGED", {
    happened: `A layer in ${archive} has the digest ${digest}; its manifest says ${blob.digest}. It was not committed, and nothing of this image was tagged.`,
    next: "Transfer the bundle again and compare its SHA-256 with what Poolside published.",
  });
}
