import { fromAws } from "../aws/errors.ts";
import type { Source } from "../bytes/source.ts";
import { canonicalJson, type Json } from "../canonical.ts";
import { InternalError } from "../errors.ts";
import { type CheckpointManifest, type ManifestFile, manifestPath } from "../facts/manifest.ts";
import type { Prefix } from "../facts/prefix.ts";
import { toolVersion } from "../version.ts";
import { putBytes } from "./upload/bodies.ts";
import type { Store } from "./upload/store.ts";

/** The manifest of what was uploaded. */
export function manifestOf(
  source: CheckpointManifest["source"],
  files: readonly ManifestFile[],
  parameters: number,
): CheckpointManifest {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return { version: 1, tool: toolVersion, source, files: sorted, parameters };
}

/** Writes the manifest, the last thing that happens to a prefix: only where none is, or over exactly the one that was read (its ETag). */
export async function writeManifest(
  store: Store,
  prefix: Prefix,
  manifest: CheckpointManifest,
  over?: string,
): Promise<void> {
  const text = manifestText(manifest);
  const found = over === undefined ? undefined : { etag: over };
  const target = { key: prefix.key + manifestPath, size: text.size, found, type: "application/json" };
  const turn = { signal: store.ctx.signal, slower() {} };
  await putBytes(store, target, { source: text, offset: 0, size: text.size }, turn);
}

/** The canonical JSON of a manifest, made anew for each pass: that of 100,000 files has 20 MB. */
export function manifestText(manifest: CheckpointManifest): Source {
  const label = manifestPath;
  let size = 0;
  for (const piece of piecesOf(manifest)) size += Buffer.byteLength(piece);
  return {
    size,
    label,
    identity: label,
    read: () =>
      Promise.reject(
        new InternalError("INTERNAL", { happened: `${label} is read at random.`, next: "Please report it." }),
      ),
    async *stream() {
      for (const piece of piecesOf(manifest)) yield Buffer.from(piece);
    },
    close: async () => {},
  };
}

/** Some KiB at a time. `files` is the first of the keys. */
function* piecesOf({ files, ...rest }: CheckpointManifest): Generator<string, void, undefined> {
  let piece = '{"files":[';
  for (const [index, file] of files.entries()) {
    piece += (index === 0 ? "" : ",") + canonicalJson(file as unknown as Json);
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}],${canonicalJson(rest as unknown as Json).slice(1)}`;
}

const pieceLength = 65_536;

/** Removes the manifest before anything below its prefix changes: from now on the prefix is not complete. */
export async function removeManifest(store: Store, prefix: Prefix): Promise<void> {
  const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  await client
    .send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix.key + manifestPath, ExpectedBucketOwner: owner }), {
      abortSignal: ctx.signal,
    })
    .catch((thrown: unknown) => {
      throw fromAws(thrown, `removing s3://${bucket}/${prefix.key}${manifestPath}`);
    });
}
