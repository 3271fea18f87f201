import { fromAws } from "../aws/errors.ts";
import { RemoteError } from "../errors.ts";
import { type ListedObject, type Prefix, prefixUri } from "../facts/prefix.ts";
import type { Store } from "./upload/store.ts";

/** Objects of one request. */
const most = 1_000;

/** Deletes objects below a prefix, each only if it is still the one that was listed. */
export async function deleteObjects(store: Store, prefix: Prefix, objects: readonly ListedObject[]): Promise<void> {
  const { DeleteObjectsCommand } = await import("@aws-sdk/client-s3");
  const { bucket, owner, client, ctx } = store;
  for (let at = 0; at < objects.length; at += most) {
    const batch = objects.slice(at, at + most).map(({ path, etag }) => ({ Key: prefix.key + path, ETag: etag }));
    const answer = await client
      .send(
        new DeleteObjectsCommand({
          Bucket: bucket,
          Delete: { Objects: batch, Quiet: true },
          ChecksumAlgorithm: "CRC32",
          ExpectedBucketOwner: owner,
        }),
        { abortSignal: ctx.signal },
      )
      .catch((thrown: unknown) => {
        throw fromAws(thrown, `deleting objects below ${prefixUri(prefix)}`);
      });
    const [first] = answer.Errors ?? [];
    if (first) {
      throw new RemoteError("CHECKPOINT_DELETE", {
        happened: `S3 did not delete ${answer.Errors!.length} of ${batch.length} objects below ${prefixUri(prefix)}; the first is ${first.Key} (${first.Code}: ${first.Message}).`,
        next: "Grant s3:DeleteObject below the prefix, then run again.",
      });
    }
  }
}
