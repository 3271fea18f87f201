import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { sourceDenied, sourceNotFound } from "../bytes/failures.ts";
import type { Source } from "../bytes/source.ts";
import { retry } from "../retry.ts";
import { Refused } from "./failure.ts";
import { type RemoteFile, remoteSource } from "./remote-source.ts";
import { retrying } from "./retries.ts";
import { openBucket } from "./s3.ts";

/** An object in S3: one HEAD for size and ETag, then ranges under `If-Match`. Errors: `SOURCE_NOT_FOUND`, `SOURCE_DENIED`, `SOURCE_CHANGED`. */
export async function openObject(
  place: { readonly bucket: string; readonly key: string; readonly owner?: string },
  aws: Aws,
  ctx: Pick<Context, "clock" | "signal" | "emit">,
): Promise<Source> {
  const label = `s3://${place.bucket}/${place.key}`;
  const what = `reading ${label}`;
  const bucket = await openBucket(aws, place.bucket, ctx, place.owner === undefined ? {} : { owner: place.owner });
  const refused = (answer: { status: number; headers: Readonly<Record<string, string>> }, body: Buffer) => {
    const error = new Refused(what, { ...answer, body }, ctx.clock.now());
    if (answer.status === 404) return sourceNotFound(label, "object", error);
    if (answer.status === 403)
      return sourceDenied(
        label,
        `Allow ${aws.arn} s3:GetObject on the object (and kms:Decrypt on its key); without s3:ListBucket a missing object looks the same.`,
        error,
      );
    return error;
  };
  const head = await retry(
    async () => {
      const answer = await bucket.send({ what, method: "HEAD", key: place.key });
      if (answer.status !== 200) throw refused(answer, answer.body);
      return answer;
    },
    retrying(ctx, what),
  );
  const etag = head.headers["etag"];
  const size = Number(head.headers["content-length"] ?? Number.NaN);
  if (!Number.isSafeInteger(size)) throw new Refused(what, head, ctx.clock.now());
  const file: RemoteFile = {
    size,
    label,
    identity: `${label}:${size}:${etag ?? ""}`,
    etag,
    modified: head.headers["last-modified"],
    get: (headers, signal) => bucket.receive({ what, method: "GET", key: place.key, headers, signal }),
    refusal: async (answer) => refused(answer, await answer.bytes()),
  };
  return remoteSource(file, ctx);
}
