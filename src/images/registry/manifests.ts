import { UserError } from "../../errors.ts";
import { Refused } from "../../transfer/failure.ts";
import { type Descriptor, digestLike, isDigest } from "../oci/descriptor.ts";
import { manifestLimit } from "../oci/layout.ts";
import { short } from "../oci/manifest.ts";
import type { Wire } from "./wire.ts";

/** A manifest as the registry gave it; its digest was computed here. */
export interface FoundManifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Whatever it is: the registry must not convert it. */
const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "*/*",
].join(", ");

function named(repository: string, reference: string): string {
  return isDigest(reference) ? `${repository}@${short(reference)}` : `${repository}:${reference}`;
}

function place(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

/** The digest of the manifest under a tag (or a digest); `undefined` where there is none, or no such repository. */
export async function tagDigest(wire: Wire, repository: string, tag: string): Promise<string | undefined> {
  const what = `asking for ${named(repository, tag)}`;
  const answer = await wire.call({
    what,
    repository,
    method: "HEAD",
    url: place(repository, tag),
    headers: { accept },
    accept: [200, 404],
  });
  if (answer.status === 404) return undefined;
  const digest = answer.headers["docker-content-digest"];
  return isDigest(digest) ? digest : (await readManifest(wire, repository, tag))?.digest;
}

/** A manifest by tag or digest; `undefined` where there is none. One by digest has that digest, or it is `IMAGE_NOT_VERIFIED`. */
export async function readManifest(
  wire: Wire,
  repository: string,
  reference: string,
): Promise<FoundManifest | undefined> {
  const name = named(repository, reference);
  const answer = await wire.call({
    what: `reading the manifest of ${name}`,
    repository,
    method: "GET",
    url: place(repository, reference),
    headers: { accept },
    accept: [200, 404],
    limit: manifestLimit,
  });
  if (answer.status === 404) return undefined;
  const digest = digestLike(isDigest(reference) ? reference : "sha256:", answer.body);
  if (isDigest(reference) && digest !== reference) throw notVerified(name, reference, digest);
  const mediaType = answer.headers["content-type"] ?? "";
  return { digest, mediaType, bytes: answer.body };
}

/** Puts a manifest under its digest or a tag. Gives `false` where the tag is immutable and taken; another digest than ours in the answer is an error. */
export async function putManifest(
  wire: Wire,
  repository: string,
  reference: string,
  manifest: { readonly descriptor: Descriptor; readonly bytes: Buffer },
): Promise<boolean> {
  const { descriptor, bytes } = manifest;
  const name = named(repository, reference);
  return wire.persist(`writing the manifest of ${name}`, repository, async () => {
    try {
      const answer = await wire.once({
        what: `writing the manifest of ${name}`,
        repository,
        method: "PUT",
        url: place(repository, reference),
        headers: { "content-type": descriptor.mediaType },
        body: bytes,
        accept: [200, 201, 202],
      });
      const said = answer.headers["docker-content-digest"];
      if (said !== undefined && said !== descriptor.digest) throw notVerified(name, descriptor.digest, said);
      return true;
    } catch (thrown) {
      if (thrown instanceof Refused && isTaken(thrown)) return false;
      throw thrown;
    }
  });
}

/** ECR's words for an immutable tag; the same digest again is refused as well. */
function isTaken({ status, reason, happened }: Refused): boolean {
  if (status < 400 || status >= 500) return false;
  return (
    /ImageTagAlreadyExists|ImageAlreadyExists/.test(reason) ||
    (reason === "TAG_INVALID" && /already exists/.test(happened))
  );
}

export function notVerified(name: string, wanted: string, found: string | undefined): UserError {
  return new UserError("IMAGE_NOT_VERIFIED", {
    happened: `The registry gives ${found ?? "nothing"} for ${name}; ${wanted} was pushed.`,
    next: "Run again. If it stays so, look for a proxy that rewrites the registry's traffic.",
  });
}
