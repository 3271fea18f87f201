import { type EksDeployError, RemoteError, UserError } from "../../errors.ts";
import type { RetryAdvice } from "../../retry.ts";
import { ConnectionFailed, Refused } from "../../transfer/failure.ts";
import { advise as adviseTransfer } from "../../transfer/retries.ts";

/** Whether a request is worth another attempt: what may pass by itself, and what a restart of the blob mends. */
export function advise(thrown: unknown): RetryAdvice {
  const general = adviseTransfer(thrown);
  return general.retry || !(thrown instanceof Refused) ? general : { retry: restarts(thrown) };
}

/** Whether a fresh token may help: a 401, or ECR's 403 for a token that has ended, which says so except where the answer has no body (HEAD). */
export function isStale({ status, reason, happened }: Refused): boolean {
  return status === 401 || (status === 403 && (reason === "" || /token has expired/i.test(happened)));
}

/** A lost session, or bytes that were damaged on their way: the blob begins anew. */
function restarts({ status, reason }: Refused): boolean {
  if (/^(BLOB_UPLOAD_UNKNOWN|BLOB_UPLOAD_INVALID|DIGEST_INVALID|SIZE_INVALID|UPLOAD_UNKNOWN)$/.test(reason))
    return true;
  return status === 416 || (status === 404 && reason === "");
}

/** What a registry's request came to in the end, for people. What is already clear passes. */
export function explain(thrown: unknown, repository: string): unknown {
  if (thrown instanceof ConnectionFailed && thrown.code !== "TRANSFER_TLS") return unreachable(thrown);
  return thrown instanceof Refused ? refusal(thrown, repository) : thrown;
}

function unreachable(thrown: ConnectionFailed): EksDeployError {
  return new RemoteError("REGISTRY_UNREACHABLE", {
    happened: `The registry cannot be reached, or keeps closing the connection: ${thrown.happened}`,
    next: "Check the runner's way to the registry (proxy, VPC endpoint, firewall), then run again: finished blobs are not sent again.",
    cause: thrown,
  });
}

function refusal(thrown: Refused, repository: string): EksDeployError {
  const { status, reason, happened } = thrown;
  if (status === 401 || status === 403) {
    return new UserError("REGISTRY_DENIED", {
      happened,
      next: "Grant the role what docs/permissions.md lists for push-images on this repository (ecr:BatchGetImage and the upload actions).",
      cause: thrown,
    });
  }
  if (/^(NAME_UNKNOWN|RepositoryNotFoundException)$/.test(reason)) {
    return new UserError("REPOSITORY_MISSING", {
      happened: `The repository ${repository} does not exist (any more): ${happened}`,
      next: "Run again with create-repositories: true, and find out who removed it.",
      cause: thrown,
    });
  }
  if (status === 429 || status >= 500) {
    return new RemoteError("REGISTRY_BUSY", {
      happened,
      next: "Run again later: finished blobs are not sent again. Lower concurrency if it throttles.",
      cause: thrown,
    });
  }
  return new RemoteError("REGISTRY_REFUSED", {
    happened,
    next: "The registry's own words above say what it does not take; a second run will not change them. Ask Poolside for an image that Amazon ECR takes, or leave it out: name the others in images.",
    cause: thrown,
  });
}
