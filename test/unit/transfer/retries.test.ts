import { describe, expect, it } from "vitest";
import { Cancelled } from "../../../src/errors.ts";
import { retry } from "../../../src/retry.ts";
import { ConnectionFailed, Refused, retryAfter } from "../../../src/transfer/failure.ts";
import { advise, isThrottling, retrying } from "../../../src/transfer/retries.ts";
import { fakeClock, testContext } from "../../support/context.ts";

const now = Date.parse("2026-11-24T00:00:00Z");
const refused = (status: number, body = "", headers: Record<string, string> = {}) =>
  new Refused("the test", { status, headers, body: Buffer.from(body) }, now);

describe("advice after a failure", () => {
  it("tries again what may pass", () => {
    for (const status of [408, 425, 429, 500, 502, 503, 504])
      expect(advise(refused(status)).retry, `${status}`).toBe(true);
    expect(advise(refused(400, "<Error><Code>RequestTimeout</Code></Error>")).retry).toBe(true);
    expect(advise(refused(400, "<Error><Code>BadDigest</Code></Error>")).retry).toBe(true);
    expect(advise(new ConnectionFailed("TRANSFER_BROKEN", "x", "ECONNRESET", "y")).retry).toBe(true);
    expect(advise(new ConnectionFailed("TRANSFER_STALLED", "x", "STALLED", "y")).retry).toBe(true);
  });

  it("gives up what stays as it is", () => {
    for (const status of [301, 400, 401, 403, 404, 409, 412, 416, 501])
      expect(advise(refused(status)).retry, `${status}`).toBe(false);
    expect(advise(new ConnectionFailed("TRANSFER_TLS", "x", "CERT_HAS_EXPIRED", "y")).retry).toBe(false);
    expect(advise(new Cancelled()).retry).toBe(false);
    expect(advise(new Error("the disk is gone")).retry).toBe(false);
  });

  it("knows when a server asks for less", () => {
    expect(isThrottling(refused(429))).toBe(true);
    expect(isThrottling(refused(503, "<Code>SlowDown</Code>"))).toBe(true);
    expect(isThrottling(refused(400, '{"errors":[{"code":"TOOMANYREQUESTS","message":"no"}]}'))).toBe(true);
    expect(isThrottling(refused(500))).toBe(false);
    expect(isThrottling(new Error("x"))).toBe(false);
  });

  it("reads Retry-After in seconds and as a date", () => {
    expect(retryAfter("120", now)).toBe(120_000);
    expect(retryAfter("Tue, 24 Nov 2026 00:01:30 GMT", now)).toBe(90_000);
    expect(retryAfter("Mon, 23 Nov 2026 00:00:00 GMT", now)).toBe(0);
    expect(retryAfter("soon", now)).toBeUndefined();
    expect(retryAfter(undefined, now)).toBeUndefined();
  });

  it("waits at least as long as the server asks, emits each retry, and ends within its bounds", async () => {
    const clock = fakeClock();
    const ctx = testContext({ clock });
    let throttled = 0;
    let attempts = 0;
    const storm = retry(
      async () => {
        attempts += 1;
        throw refused(503, "<Code>SlowDown</Code>", { "retry-after": "200" });
      },
      retrying(ctx, "part 3", {
        onThrottled() {
          throttled += 1;
        },
      }),
    );
    await expect(storm).rejects.toMatchObject({ code: "TRANSFER_REFUSED", reason: "SlowDown" });
    // The fourth wait would end beyond the ten minutes that all attempts together have.
    expect(clock.sleeps).toEqual([200_000, 200_000, 200_000]);
    expect(attempts).toBe(4);
    expect(throttled).toBe(3);
    expect(ctx.recorded.events).toHaveLength(3);
  });

  it("shows a registry's words to their end, quotes and all", () => {
    const message = `User: ${"x".repeat(300)} may not pull "atlas" because no resource-based policy allows it`;
    const error = refused(403, JSON.stringify({ errors: [{ code: "DENIED", message }] }));
    expect(error.happened).toBe(`the test: the server answered 403 DENIED (${message}).`);
  });

  it("shows the server's words without line breaks", () => {
    const error = refused(400, "<Error><Code>InvalidPart</Code><Message>one\n::error::two</Message></Error>");
    expect(error.happened).toBe("the test: the server answered 400 InvalidPart (one ::error::two).");
  });
});
