import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileNameOf, type SourceRef } from "../action/references.ts";
import { chunksOf } from "../bytes/chunks.ts";
import { gunzip, unzstd } from "../bytes/inflate.ts";
import { inOrder } from "../bytes/ordered.ts";
import type { ByteStream, Source } from "../bytes/source.ts";
import type { UserError } from "../errors.ts";
import { sniff } from "../transfer/kind.ts";
import { type Means, openSource } from "../transfer/open.ts";
import { type Bundle, noBundle, notABundle } from "./bundle.ts";
import { openFolderBundle } from "./folder.ts";
import { streamBundle } from "./stream.ts";
import { openTarBundle } from "./tar.ts";

/** Memory for a compressed bundle, bytes. */
export interface BundleMemory {
  /** For what is read ahead over the network. */
  readonly ahead: number;
  /** For what is inflated and not yet read, or held. */
  readonly inflated: number;
}

/**
 * Opens a bundle, wherever it is: extracted, a folder of image archives, one image archive, `.tar` or compressed; on disk, in S3 or behind a
 * URL. Errors: `BUNDLE_*`, `IMAGE_FILE_NAME`, those of sources and tars.
 */
export async function openBundle(ref: SourceRef, memory: BundleMemory, means: Means): Promise<Bundle> {
  const { signal } = means.ctx;
  if (ref.kind === "path") {
    const path = resolve(means.ctx.ambient.workspace, ref.path);
    const found = await stat(path).catch(() => undefined);
    if (!found) throw notFound(ref.label);
    if (found.isDirectory()) return openFolderBundle(path, ref.label);
  }
  const source = await openSource(ref, means);
  try {
    return await bundleIn(source, fileNameOf(ref), memory, signal);
  } catch (thrown) {
    await source.close();
    throw thrown;
  }
}

async function bundleIn(
  source: Source,
  file: string,
  { ahead, inflated }: BundleMemory,
  signal: AbortSignal,
): Promise<Bundle> {
  const kind = await sniff(source, signal);
  if (kind === "tar") return openTarBundle(source, file, signal);
  if (kind === "unknown") throw notABundle(source.label, ["a file that is no tar"]);
  return streamBundle(
    {
      label: source.label,
      identity: source.identity,
      size: source.size,
      raw: () => (source.stream ? fromNetwork(source, ahead) : fromFile(source)),
      inflate: (stream) => (kind === "tar.gz" ? gunzip : unzstd)(stream, inflated),
      close: () => source.close(),
    },
    file,
  );
}

/** Several ranges at once, so that one slow connection is not the limit. */
function fromNetwork(source: Source, ahead: number): ByteStream {
  const window = 8 * 2 ** 20;
  return inOrder(source, { window, parallel: Math.max(1, Math.min(16, Math.floor(ahead / window))) });
}

function fromFile(source: Source): ByteStream {
  return {
    label: source.label,
    identity: source.identity,
    chunks: (signal) => chunksOf(source, 0, source.size, signal),
    close: () => source.close(),
  };
}

function notFound(label: string): UserError {
  return noBundle(
    `There is no bundle at ${label}.`,
    "Correct bundle (images.bundle in the spec); paths start from the workspace. Does a step before this one put it there?",
  );
}
