import { Readable } from "node:stream";
import { NotBuilt } from "../aws/service.ts";
import type { Answer } from "../http.ts";
import { RegistryError, refused, registryHeaders } from "./errors.ts";
import { digestOf, type ParsedManifest, parseManifest } from "./manifest.ts";
import { availableBlob, isImmutable, type Repository, type StoredImage, tagsOf } from "./repository.ts";
import { existing, type RegistryRequest } from "./request.ts";
import type { Route } from "./route.ts";

/** HEAD and GET of a blob. ECR sends downloads to a signed URL elsewhere. */
export function readBlob(request: RegistryRequest, route: Extract<Route, { kind: "blob" }>): Answer {
  const blob = availableBlob(existing(request, route.name), route.digest);
  if (!blob) throw new RegistryError(404, "BLOB_UNKNOWN", `The layer with digest '${route.digest}' does not exist`);
  const headers = { ...registryHeaders, "docker-content-digest": route.digest };
  if (request.call.method === "GET")
    return { status: 307, headers: { ...headers, location: request.downloadUrl(route.name, route.digest) } };
  return {
    status: 200,
    headers: { ...headers, "content-type": "application/octet-stream", "content-length": String(blob.size) },
  };
}

/** The bytes of a blob, from where a download URL leads. */
export function blobBytes(repository: Repository, digest: string): Answer {
  const blob = repository.blobs.get(digest);
  if (!blob?.content) throw new NotBuilt("registry", `bytes of ${digest}, which were discarded`);
  return {
    status: 200,
    headers: { "content-type": "application/octet-stream", "content-length": String(blob.size) },
    body: Readable.from(blob.content),
  };
}

/** HEAD and GET of a manifest by tag or digest. */
export function readManifest(request: RegistryRequest, route: Extract<Route, { kind: "manifest" }>): Answer {
  const repository = existing(request, route.name);
  const digest = route.reference.startsWith("sha256:") ? route.reference : repository.tags.get(route.reference);
  const image = digest === undefined ? undefined : repository.images.get(digest);
  // An archived image cannot be pulled until it has been brought back.
  if (image?.status !== "ACTIVE" || !accepts(request.call.headers.accept, image.mediaType))
    throw refused.unknownManifest();
  return {
    status: 200,
    headers: {
      ...registryHeaders,
      "content-type": image.mediaType,
      "content-length": String(image.content.length),
      "docker-content-digest": image.digest,
    },
    body: image.content,
  };
}

function accepts(header: string | undefined, mediaType: string): boolean {
  const types = (header ?? "").split(",").map((type) => type.split(";", 1)[0]!.trim());
  return types.some((type) => [mediaType, "*/*", "application/*"].includes(type));
}

/** PUT of a manifest: everything that it refers to must be there, and a tag that stands may be immutable. */
export async function putManifest(
  request: RegistryRequest,
  route: Extract<Route, { kind: "manifest" }>,
): Promise<Answer> {
  const { state, call } = request;
  const repository = state.forPush(route.name);
  if (!repository) throw refused.unknownRepository(route.name, state.account);
  const content = await call.body(64 * 1024 * 1024);
  if (content.length > state.limits.manifestBytes)
    throw refused.invalidManifest(`Member must have length less than or equal to ${state.limits.manifestBytes}`);
  const mediaType = (call.headers["content-type"] ?? "").split(";", 1)[0]!.trim();
  const manifest = parseManifest(content, mediaType);
  const digest = digestOf(content);
  const tag = route.reference.startsWith("sha256:") ? undefined : route.reference;
  if (tag === undefined && route.reference !== digest)
    throw new RegistryError(
      400,
      "DIGEST_INVALID",
      `The manifest has the digest '${digest}', not '${route.reference}'.`,
    );
  if (tag !== undefined) checkTag(request, repository, tag, digest);
  checkReferences(request, repository, manifest);
  const known = repository.images.get(digest);
  repository.images.set(
    digest,
    known ?? { digest, mediaType, content, manifest, pushedAt: state.now(), status: "ACTIVE" },
  );
  if (tag !== undefined) repository.tags.set(tag, digest);
  return {
    status: 201,
    headers: {
      ...registryHeaders,
      location: `http://${state.host}/v2/${repository.name}/manifests/${digest}`,
      "docker-content-digest": digest,
      "content-length": "0",
      ...(manifest.subject ? { "oci-subject": manifest.subject.digest } : {}),
    },
  };
}

/** ECR refuses a standing immutable tag even for the digest that it already has. */
function checkTag({ state }: RegistryRequest, repository: Repository, tag: string, digest: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag))
    throw new RegistryError(400, "TAG_INVALID", `Invalid parameter at 'imageTag': '${tag}'`);
  if (repository.tags.has(tag) && isImmutable(repository, tag)) throw refused.immutableTag(tag, repository.name);
  const tags = tagsOf(repository, digest);
  if (!tags.includes(tag) && tags.length >= state.limits.tagsPerImage)
    throw new RegistryError(400, "DENIED", `The image has reached its limit of ${state.limits.tagsPerImage} tags.`);
}

function checkReferences({ state }: RegistryRequest, repository: Repository, manifest: ParsedManifest): void {
  const { name } = repository;
  if (manifest.layers > state.limits.layersPerImage)
    throw refused.invalidManifest(`at most ${state.limits.layersPerImage} layers`);
  const absent = manifest.blobs.filter((blob) => !availableBlob(repository, blob.digest));
  if (absent.length > 0)
    throw refused.missing(
      "Layers",
      absent.map(({ digest }) => digest),
      name,
      state.account,
    );
  const orphans = manifest.children.filter((child) => repository.images.get(child.digest)?.status !== "ACTIVE");
  if (orphans.length > 0)
    throw refused.missing(
      "Images",
      orphans.map(({ digest }) => digest),
      name,
      state.account,
    );
  const wrong = [
    ...manifest.blobs.filter((blob) => repository.blobs.get(blob.digest)?.size !== blob.size),
    ...manifest.children.filter((child) => repository.images.get(child.digest)?.content.length !== child.size),
  ];
  if (wrong[0]) throw refused.invalidManifest(`the size ${wrong[0].size} of ${wrong[0].digest} is not its size`);
}

/** Manifests whose subject is this digest, as an index; `artifactType` filters. */
export function listReferrers(request: RegistryRequest, route: Extract<Route, { kind: "referrers" }>): Answer {
  const repository = existing(request, route.name);
  const wanted = request.call.query.get("artifactType");
  const manifests = [...repository.images.values()]
    .filter(({ manifest }) => manifest.subject?.digest === route.digest)
    .filter(({ manifest }) => wanted === null || manifest.artifactType === wanted)
    .map(describe);
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  return {
    status: 200,
    headers: {
      ...registryHeaders,
      "content-type": index.mediaType,
      ...(wanted === null ? {} : { "oci-filters-applied": "artifactType" }),
    },
    body: JSON.stringify(index),
  };
}

function describe({ mediaType, digest, content, manifest }: StoredImage) {
  const { artifactType, annotations } = manifest;
  return { mediaType, digest, size: content.length, artifactType, annotations };
}
