import type { Context } from "../action/context.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import { kmsClient } from "../aws/kms.ts";
import type { Aws } from "../aws/session.ts";
import { UserError } from "../errors.ts";
import type { BucketFacts } from "../facts/bucket.ts";
import type { Encryption } from "./upload/store.ts";

/** How new objects are encrypted, from `kms-key-arn`: `auto` leaves it to the bucket, `none` is S3's own key, else the key of that ARN. */
export function encryptionOf(kmsKey: string): Encryption {
  if (kmsKey === "auto") return {};
  if (kmsKey === "none") return { ServerSideEncryption: "AES256" };
  return { ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKey };
}

/** Looks, before the first write, whether the key that new objects get can be used. Without the right to look, the first write tells. */
export async function checkKey(kmsKey: string, bucket: BucketFacts, aws: Aws, ctx: Context): Promise<void> {
  const key = kmsKey === "auto" ? bucket.encryption?.key : kmsKey === "none" ? undefined : kmsKey;
  if (key === undefined) return;
  const { DescribeKeyCommand } = await import("@aws-sdk/client-kms");
  const client = await kmsClient(aws);
  let state: string | undefined;
  try {
    const answer = await client.send(new DescribeKeyCommand({ KeyId: key }), { abortSignal: ctx.signal });
    state = answer.KeyMetadata?.KeyState;
  } catch (thrown) {
    if (/AccessDenied/.test(errorName(thrown))) {
      ctx.log.debug(`the key ${key} was not looked at: kms:DescribeKey is not allowed`);
      return;
    }
    if (errorName(thrown) !== "NotFoundException") throw fromAws(thrown, `looking at the key ${key}`);
    state = "not there";
  }
  if (state === "Enabled") return;
  throw new UserError("CHECKPOINT_ENCRYPTION", {
    happened: `The key ${key} of the bucket ${bucket.name} cannot be used: it is ${state}. Nothing was written.`,
    next: "Enable the key, or correct kms-key-arn or the bucket's default encryption.",
  });
}
