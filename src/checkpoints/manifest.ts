import { errorStatus, fromAws } from "../aws/errors.ts";
import { canonicalJson, type Json } from "../canonical.ts";
import { type CheckpointManifest, type ManifestFile, manifestPath } from "../facts/manifest.ts";
import type { Prefix } from "../facts/prefix.ts";
import { toolVersion } from "../version.ts";
import { encryptionProblem, race } from "./upload/problems.ts";
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
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, encryption, ctx } = store;
  const body = canonicalJson(manifest as unknown as Json);
  const place = `s3://${bucket}/${prefix.key}${manifestPath}`;
  try {
    await client.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: prefix.key + manifestPath,
        Body: body,
        ContentType: "application/json",
        ChecksumAlgorithm: "CRC32",
        ExpectedBucketOwner: owner,
        ...(over === undefined ? { IfNoneMatch: "*" } : { IfMatch: over }),
        ...encryption,
      }),
      { abortSignal: ctx.signal },
    );
  } catch (thrown) {
    if (errorStatus(thrown) !== 412) throw encryptionProblem(thrown, store) ?? fromAws(thrown, `writing ${place}`);
    // Ours, where only the answer to an earlier attempt was lost.
    if ((await textAt(store, prefix.key + manifestPath)) !== body) throw race(place);
  }
}

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

async function textAt(store: Store, key: string): Promise<string> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ExpectedBucketOwner: owner }), {
    abortSignal: ctx.signal,
  });
  return answer.Body!.transformToString();
}
