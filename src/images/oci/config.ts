import { blobPath, type Descriptor, damaged, digestLike, platformOf } from "./descriptor.ts";
import { embedded, type LayoutFiles } from "./files.ts";
import { type Manifest, short } from "./manifest.ts";

const configLimit = 16 * 2 ** 20;

/**
 * Proves the configs of an image before anything is sent; gives its platforms (`linux/amd64`): those that an index names, else those that the
 * configs do. A config may be anything, and need not be JSON.
 */
export async function provenConfigs(
  files: LayoutFiles,
  manifests: readonly Manifest[],
  blobs: readonly Descriptor[],
): Promise<readonly string[]> {
  const platforms = new Set<string>();
  for (const { descriptor, config } of manifests) {
    const blob = blobs.find(({ digest }) => digest === config);
    const bytes = blob && (await provenConfig(files, blob));
    const platform = descriptor.platform ?? (bytes && platformIn(bytes));
    if (platform && platform !== "unknown/unknown") platforms.add(platform);
  }
  return [...platforms];
}

async function provenConfig(files: LayoutFiles, config: Descriptor): Promise<Buffer | undefined> {
  const path = blobPath(config.digest);
  if (files.size(path) === undefined) return embedded(config, files.archive);
  if (config.size > configLimit)
    throw damaged(files.archive, `the config ${short(config.digest)} has more than ${configLimit} bytes`);
  const bytes = await files.read(path);
  const digest = bytes && digestLike(config.digest, bytes);
  if (bytes && digest !== config.digest)
    throw damaged(files.archive, `the config ${short(config.digest)} has the digest ${digest}`);
  return bytes;
}

function platformIn(config: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(config.toString("utf8"));
    return typeof value === "object" && value !== null ? platformOf(value) || undefined : undefined;
  } catch {
    return undefined;
  }
}
