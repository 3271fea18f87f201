import { errorName, errorStatus } from "../../aws/errors.ts";
import { type EksDeployError, RemoteError, UserError } from "../../errors.ts";
import { completionMarker } from "../../facts/bookkeeping.ts";
import type { Store } from "./store.ts";

/** An upload is of no use any more (aborted, refused at its end): its file begins again. `failure` is told when that does not help. */
export class UploadLost extends Error {
  override readonly name = "UploadLost";
  readonly failure: EksDeployError;

  constructor(failure: EksDeployError) {
    super(failure.happened);
    this.failure = failure;
  }
}

/** What S3 took is not what was sent. */
export function otherChecksum(place: string): RemoteError {
  return new RemoteError("CHECKPOINT_CHECKSUM", {
    happened: `S3 does not confirm the checksum of ${place} that was computed here; the file was not committed.`,
    next: "Run again; if it stays so, look for a proxy that rewrites traffic.",
  });
}

/** What others marked complete is not written over. `place` is the object. */
export function sealedObject(place: string): UserError {
  return new UserError("CHECKPOINT_OTHER_BYTES", {
    happened: `${place} belongs to a checkpoint that is marked complete (${completionMarker}), and has other bytes than the source, or no checksum that could tell. It was not written over.`,
    next: "Give the new checkpoint a version of its own (versions). Or set replace: true if nothing uses the old one.",
  });
}

/** Somebody else writes where we write. */
export function race(place: string): UserError {
  return new UserError("CHECKPOINT_RACE", {
    happened: `Somebody else wrote ${place} while this run was syncing it.`,
    next: "Let one run at a time sync a model; run again when the other has ended.",
  });
}

/** A failure that is about the key or the bucket's encryption; `undefined` for any other. */
export function encryptionProblem(thrown: unknown, store: Pick<Store, "bucket">): UserError | undefined {
  const { message = "" } = (thrown ?? {}) as { message?: string };
  const name = errorName(thrown);
  const about = /^(KMS\.|EncryptionTypeMismatch)/.test(name) || (errorStatus(thrown) === 403 && /kms:/i.test(message));
  if (!about) return undefined;
  return new UserError("CHECKPOINT_ENCRYPTION", {
    happened: `The encryption of ${store.bucket} refuses the upload (${name}: ${message}).`,
    next: "Grant kms:GenerateDataKey and kms:Decrypt on the bucket's key to this role, or correct kms-key-arn.",
    cause: thrown,
  });
}
