import type { Context } from "../action/context.ts";
import { Cancelled, EksDeployError } from "../errors.ts";
import type { RetryAdvice, RetryOptions } from "../retry.ts";
import { ConnectionFailed, Refused } from "./failure.ts";

/** Statuses that may pass: request timeout, too early, too many requests, and the server's own troubles. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Names of S3's refusals that come with 400 or 403 and pass all the same. A clock that is wrong is corrected before this. */
const passingReasons =
  /^(RequestTimeout|InternalError|SlowDown|ServiceUnavailable|BadDigest|IncompleteBody|XAmzContentSHA256Mismatch)$/;

/**
 * Whether a failure of `send` is worth another attempt. A broken or silent connection is; a certificate that is not trusted is not, nor is a
 * refusal, except where the server says that it passes. `Retry-After` is the least wait.
 */
export function advise(thrown: unknown): RetryAdvice {
  if (thrown instanceof Cancelled) return { retry: false };
  if (thrown instanceof ConnectionFailed) return { retry: thrown.code !== "TRANSFER_TLS" };
  if (thrown instanceof Refused)
    return {
      retry: passing.has(thrown.status) || passingReasons.test(thrown.reason),
      ...(thrown.retryAfter === undefined ? {} : { after: thrown.retryAfter }),
    };
  return { retry: false };
}

/** Whether a failure says that there are too many requests at once. */
export function isThrottling(thrown: unknown): boolean {
  return (
    thrown instanceof Refused &&
    (thrown.status === 429 ||
      thrown.status === 503 ||
      /^(SlowDown|TOOMANYREQUESTS|Throttling\w*|RequestLimitExceeded)$/.test(thrown.reason))
  );
}

/** Options of `retry` for one request: our clock and signal, `advise`, and an event for every retry. `onThrottled` hears when the server asks for less. */
export function retrying(
  ctx: Pick<Context, "clock" | "signal" | "emit">,
  what: string,
  options: { readonly signal?: AbortSignal; readonly onThrottled?: () => void } = {},
): RetryOptions {
  return {
    clock: ctx.clock,
    signal: options.signal ?? ctx.signal,
    advise,
    onRetry(attempt, delay, thrown) {
      if (isThrottling(thrown)) options.onThrottled?.();
      ctx.emit({ kind: "retry", what, attempt, delay, reason: reasonOf(thrown) });
    },
  };
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof EksDeployError ? thrown.happened : String(thrown);
}
