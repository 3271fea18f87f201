import { describe, expect, it } from "vitest";
import { causeOf, wayCause } from "../../../src/smoke/failure.ts";
import { BrokenAnswer, SilentServer } from "../../../src/smoke/request.ts";

const host = "laguna.example.com";
const coded = (code: string) => Object.assign(new Error(`${code} happened`), { code });

describe("causeOf", () => {
  it.each([
    ["CERT_HAS_EXPIRED", "SMOKE_TLS", "never"],
    ["CERT_REVOKED", "SMOKE_TLS", "never"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "SMOKE_TLS", "never"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "SMOKE_TLS", "never"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "SMOKE_TLS", "never"],
    ["ENOTFOUND", "SMOKE_DNS", "always"],
    ["EAI_AGAIN", "SMOKE_DNS", "always"],
    ["ECONNREFUSED", "SMOKE_CONNECT", "always"],
    ["ECONNRESET", "SMOKE_CONNECT", "always"],
    ["ETIMEDOUT", "SMOKE_SILENT", "starting"],
  ])("takes %s for %s, to be waited out: %s", (code, cause, wait) => {
    expect(causeOf(coded(code), host)).toMatchObject({ code: cause, wait });
  });

  it("tells silence and a broken answer apart", () => {
    expect(causeOf(new SilentServer(60_000), host)).toMatchObject({
      code: "SMOKE_SILENT",
      seen: "no answer: nothing came for 60 s",
    });
    expect(causeOf(new BrokenAnswer("the connection broke in mid-answer"), host)).toMatchObject({
      code: "SMOKE_CUT",
      wait: "never",
    });
  });

  it("names the host that the certificate must cover", () => {
    expect(causeOf(coded("ERR_TLS_CERT_ALTNAME_INVALID"), host).remedy).toContain(`covers ${host}`);
  });
});

describe("wayCause", () => {
  const balancer = { server: "awselb/2.0" };
  const model = { server: "uvicorn" };

  it.each([
    [502, balancer, "/v1/models", "502"],
    [503, model, "/v1/models", "503"],
    [504, {}, "/v1/models", "504"],
    [503, balancer, "/health", "503"],
    [503, model, "/health", undefined],
    [404, balancer, "/health", `404: the load balancer has no rule for ${host}`],
    [404, model, "/v1/models", undefined],
    [200, balancer, "/health", undefined],
    [500, balancer, "/v1/models", undefined],
  ])("of %i from %j at %s", (status, headers, path, seen) => {
    const cause = wayCause({ status, headers }, path, host, 0);
    if (seen === undefined) expect(cause).toBeUndefined();
    else expect(cause).toMatchObject({ code: "SMOKE_BALANCER", seen: expect.stringContaining(seen), wait: "always" });
  });

  it.each([
    [{}, { wait: "never" }],
    [{ "retry-after": "soon" }, { wait: "never" }],
    [{ "retry-after": "7" }, { wait: "always", after: 7_000 }],
    [{ "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }, { wait: "always", after: 60_000 }],
    [{ "retry-after": "Wed, 31 Dec 1969 23:00:00 GMT" }, { wait: "always", after: 0 }],
  ])("of 429 with %j is to be waited out only where it says until when", (headers, expected) => {
    expect(wayCause({ status: 429, headers }, "/health", host, 0)).toMatchObject({
      code: "SMOKE_LIMITED",
      ...expected,
    });
  });
});
