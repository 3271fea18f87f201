import type { Context } from "../action/context.ts";
import type { SourceRef } from "../action/references.ts";
import { errorName } from "../aws/errors.ts";
import { type Aws, inRegion } from "../aws/session.ts";
import { type ArchiveBundle, type BundleFile, noBundle, notABundle } from "../bundle/bundle.ts";
import { sortFiles } from "../bundle/files.ts";
import { sourceDenied } from "../bytes/failures.ts";
import { type ListedObject, listPages, regionIn } from "../facts/prefix.ts";
import { guardPaths } from "../tar/policy.ts";
import { openObject } from "../transfer/object-source.ts";

type ObjectRef = Extract<SourceRef, { kind: "s3" }>;

/** A bundle has some hundred files; a prefix with more is a bucket of something else. */
const mostObjects = 10_000;

/** Whether a place in S3 is a prefix, not an object. */
export function isPrefix({ key }: Pick<ObjectRef, "key">): boolean {
  return key === "" || key.endsWith("/");
}

/**
 * Opens a bundle that lies extracted below a prefix in S3, or image archives there: archives are read by ranges like any object, small parts whole.
 * Errors: `BUNDLE_*`, `IMAGE_FILE_NAME`, `CHART_*`, `SOURCE_DENIED`.
 */
export async function openPrefixBundle(
  ref: ObjectRef,
  { aws, ctx }: { readonly aws: Aws; readonly ctx: Context },
): Promise<ArchiveBundle> {
  const { bucket, key, label } = ref;
  const objects = await listed(ref, aws, ctx.signal);
  if (objects.length === 0)
    throw noBundle(`Nothing lies below ${label}.`, "Correct bundle (images.bundle in the spec), or upload the bundle.");
  const guard = guardPaths(label);
  const files = objects.map(({ path, size }): BundleFile => {
    const member = { path, size, type: "file", offset: 0, headerOffset: 0, mode: 0o644, pax: {} } as const;
    return {
      path: guard.admit(member),
      size,
      mode: path.endsWith(".sh") ? 0o755 : 0o644,
      open: () => openObject({ bucket, key: `${key}${path}` }, aws, ctx),
    };
  });
  const sorted = await sortFiles(files, label, ctx.signal);
  const close = async () => void (await Promise.all(sorted.archives.map(({ source }) => source.close())));
  return { kind: "archives", label, folder: undefined, file: undefined, ...sorted, close };
}

/** Objects below the prefix; keys that end with a slash only stand for folders. */
async function listed(ref: ObjectRef, aws: Aws, signal: AbortSignal): Promise<readonly ListedObject[]> {
  const objects: ListedObject[] = [];
  try {
    for await (const page of listPages(ref, aws, signal, "any")) {
      objects.push(...page.filter(({ path }) => path !== "" && !path.endsWith("/")));
      if (objects.length > mostObjects) throw notABundle(ref.label, [`more than ${mostObjects} objects`]);
    }
  } catch (thrown) {
    const region = regionIn(thrown);
    if (region !== undefined && region !== aws.region) return listed(ref, inRegion(aws, region), signal);
    const name = errorName((thrown as { readonly cause?: unknown }).cause);
    if (name === "NoSuchBucket")
      throw noBundle(`There is no bucket ${ref.bucket}.`, "Correct bundle (images.bundle in the spec).");
    if (name !== "AccessDenied") throw thrown;
    throw sourceDenied(
      ref.label,
      `Allow ${aws.arn} s3:ListBucket on the bucket and s3:GetObject below the prefix, or give the bundle as one object.`,
      thrown,
    );
  }
  return objects;
}
