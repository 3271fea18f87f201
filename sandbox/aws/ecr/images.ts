import { type Repository, type StoredImage, tagsOf } from "../../registry/repository.ts";
import type { RegistryState } from "../../registry/state.ts";
import type { JsonInput, JsonOperation } from "../json.ts";
import { AwsError } from "../service.ts";
import { page } from "./pages.ts";
import { repositoryOf } from "./repositories.ts";
import { constraint, invalid, repositoryName } from "./validate.ts";

interface ImageId {
  readonly imageDigest?: string;
  readonly imageTag?: string;
}

/** Calls about the images of a repository. */
export function imageOperations(state: RegistryState): Readonly<Record<string, JsonOperation>> {
  const resource = (input: JsonInput) => String(input["repositoryName"] ?? "");
  return {
    DescribeImages: { resource, run: (input) => describeImages(state, input) },
    BatchGetImage: { resource, run: (input) => batchGetImage(state, input) },
  };
}

/** Without `filter.imageStatus` only ACTIVE images are listed; ids are found among those alone too. */
function describeImages(state: RegistryState, input: JsonInput) {
  const repository = repositoryOf(state, repositoryName(input));
  const { tagStatus = "ANY", imageStatus = "ACTIVE" } = (input["filter"] ?? {}) as {
    readonly tagStatus?: string;
    readonly imageStatus?: string;
  };
  const status = (image: StoredImage) => imageStatus === "ANY" || image.status === imageStatus;
  const tagged = (image: StoredImage) =>
    tagStatus === "ANY" || tagsOf(repository, image.digest).length > 0 === (tagStatus === "TAGGED");
  const ids = input["imageIds"] as readonly ImageId[] | undefined;
  if (ids === undefined) {
    const all = [...repository.images.values()].filter((image) => status(image) && tagged(image));
    const { items, nextToken } = page(input, all);
    return { imageDetails: items.map((image) => detail(state, repository, image)), nextToken };
  }
  checkIds(ids);
  if (input["maxResults"] !== undefined || input["nextToken"] !== undefined)
    throw invalid("maxResults and nextToken cannot be given with imageIds");
  const found = ids.map((id) => {
    const image = find(repository, id);
    if (!image || !status(image)) throw notFound(state, repository, id);
    return image;
  });
  return { imageDetails: [...new Set(found)].map((image) => detail(state, repository, image)) };
}

function batchGetImage(state: RegistryState, input: JsonInput) {
  const repository = repositoryOf(state, repositoryName(input));
  const ids = input["imageIds"] as readonly ImageId[] | undefined;
  if (ids === undefined) throw constraint("imageIds", "must not be null");
  checkIds(ids);
  const accepted = input["acceptedMediaTypes"] as readonly string[] | undefined;
  const images: unknown[] = [];
  const failures: unknown[] = [];
  for (const id of ids) {
    const image = find(repository, id);
    const failure = !id.imageDigest && !id.imageTag ? "MissingDigestAndTag" : failureOf(image, accepted);
    if (failure) {
      failures.push({ imageId: id, failureCode: failure, failureReason: reasons[failure] });
      continue;
    }
    images.push({
      registryId: state.account,
      repositoryName: repository.name,
      imageId: { imageDigest: image!.digest, ...(id.imageTag ? { imageTag: id.imageTag } : {}) },
      imageManifest: image!.content.toString("utf8"),
      imageManifestMediaType: image!.mediaType,
    });
  }
  return { images, failures };
}

const reasons: Readonly<Record<string, string>> = {
  MissingDigestAndTag: "Invalid request parameters: both tag and digest cannot be null",
  ImageNotFound: "Requested image not found",
  ImageInaccessible: "Requested image is archived",
};

function failureOf(image: StoredImage | undefined, accepted: readonly string[] | undefined): string | undefined {
  if (!image || (accepted && !accepted.includes(image.mediaType))) return "ImageNotFound";
  return image.status === "ACTIVE" ? undefined : "ImageInaccessible";
}

function checkIds(ids: readonly ImageId[]): void {
  if (ids.length < 1 || ids.length > 100) throw constraint("imageIds", "must have between 1 and 100 ids");
  for (const { imageDigest } of ids)
    if (imageDigest !== undefined && !/^[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+$/.test(imageDigest))
      throw constraint("imageDigest", "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
}

function find(repository: Repository, { imageDigest, imageTag }: ImageId): StoredImage | undefined {
  const tagged = imageTag === undefined ? undefined : repository.tags.get(imageTag);
  if (imageTag !== undefined && tagged === undefined) return undefined;
  if (imageDigest !== undefined && tagged !== undefined && tagged !== imageDigest) return undefined;
  return repository.images.get(imageDigest ?? tagged ?? "");
}

function notFound(state: RegistryState, repository: Repository, id: ImageId): AwsError {
  const shown = `{imageDigest:'${id.imageDigest ?? "null"}', imageTag:'${id.imageTag ?? "null"}'}`;
  return new AwsError(
    400,
    "ImageNotFoundException",
    `The image with imageId ${shown} does not exist within the repository with name '${repository.name}' in the registry with id '${state.account}'`,
  );
}

function detail(state: RegistryState, repository: Repository, image: StoredImage) {
  const tags = tagsOf(repository, image.digest);
  return {
    registryId: state.account,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(tags.length > 0 ? { imageTags: tags } : {}),
    imageSizeInBytes: sizeOf(repository, image),
    imagePushedAt: new Date(image.pushedAt),
    imageManifestMediaType: image.mediaType,
    artifactMediaType: image.manifest.artifactType,
    subjectManifestDigest: image.manifest.subject?.digest,
    imageStatus: image.status,
  };
}

/** Compressed size of its blobs; an index is as big as its largest manifest. */
function sizeOf(repository: Repository, { manifest }: StoredImage): number {
  if (manifest.children.length === 0) return manifest.blobs.reduce((sum, { size }) => sum + size, 0);
  const sizes = manifest.children.flatMap(({ digest }) => {
    const child = repository.images.get(digest);
    return child ? [sizeOf(repository, child)] : [];
  });
  return Math.max(0, ...sizes);
}
