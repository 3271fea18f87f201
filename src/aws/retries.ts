import type { Context } from "../action/context.ts";
import type { CredentialProvider } from "./credentials.ts";

/** Attempts of one call in all, and the bounds of its waits in milliseconds. */
const attempts = 6;
const base = 200;
const throttledBase = 1_000;
const ceiling = 20_000;
const total = 120_000;

const expired = /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired|RequestExpired)$/;

interface Token {
  getRetryCount(): number;
  getRetryDelay(): number;
}

interface Failure {
  readonly errorType: "TRANSIENT" | "THROTTLING" | "SERVER_ERROR" | "CLIENT_ERROR";
  readonly error?: unknown;
}

/**
 * The retry strategy of every SDK client, in place of the SDK's own: that one gives up Retry-After beyond a few seconds, shares a small budget
 * between parallel calls, and counts an account's quota (`LimitExceeded`) as throttling.
 * It waits on our clock, so that a cancel ends the wait. Credentials that a service calls expired are minted anew, once, where they can be.
 */
export function retryStrategy(ctx: Pick<Context, "clock" | "signal" | "emit">, credentials?: CredentialProvider) {
  const started = new WeakMap<Token, number>();
  const token = (count: number, since: number): Token => {
    const made = { getRetryCount: () => count, getRetryDelay: () => 0 };
    started.set(made, since);
    return made;
  };
  return {
    mode: "standard",
    acquireInitialRetryToken: async () => token(0, ctx.clock.now()),
    async refreshRetryTokenForRetry(before: Token, failure: Failure): Promise<Token> {
      const count = before.getRetryCount() + 1;
      const since = started.get(before) ?? ctx.clock.now();
      if (count === 1 && credentials?.renew && expired.test(nameOf(failure.error))) {
        credentials.renew();
        return token(count, since);
      }
      const delay = Math.max(
        retryAfter(failure.error, ctx.clock.now()) ?? 0,
        backOff(count, failure, ctx.clock.random()),
      );
      if (!worthwhile(failure) || count >= attempts || ctx.signal.aborted || ctx.clock.now() + delay > since + total)
        throw new Error("no further attempt");
      ctx.emit({ kind: "retry", what: nameOf(failure.error), attempt: count, delay, reason: messageOf(failure.error) });
      await ctx.clock.sleep(delay, ctx.signal);
      return token(count, since);
    },
    recordSuccess() {},
  };
}

function worthwhile({ errorType, error }: Failure): boolean {
  return errorType !== "CLIENT_ERROR" && !/^(LimitExceeded|ServiceQuotaExceeded)/.test(nameOf(error));
}

function backOff(count: number, { errorType }: Failure, random: number): number {
  const first = errorType === "THROTTLING" ? throttledBase : base;
  return random * Math.min(ceiling, first * 2 ** (count - 1));
}

/** What the answer's Retry-After asks for, in milliseconds: seconds, or a date. */
function retryAfter(error: unknown, now: number): number | undefined {
  const headers = (error as { $response?: { headers?: Record<string, string> } } | undefined)?.$response?.headers;
  const value = headers?.["retry-after"];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
