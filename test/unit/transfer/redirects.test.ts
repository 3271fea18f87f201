import { describe, expect, it } from "vitest";
import { headersFor, locationOf, sameOrigin } from "../../../src/transfer/redirects.ts";

const headers = { Authorization: "Bearer canary", cookie: "canary", accept: "*/*" };

describe("a redirect or Location", () => {
  it("gets Authorization at the same scheme, host and port only", () => {
    expect(headersFor(headers, "https://a.example/x", "https://a.example/y")).toEqual(headers);
    for (const to of [
      "https://b.example/x",
      "http://a.example/x",
      "https://a.example:8443/x",
      "https://a.example.evil/x",
    ])
      expect(headersFor(headers, "https://a.example/x", to)).toEqual({ accept: "*/*" });
  });

  it("is resolved against where it came from, and an absolute one is left as it is", () => {
    expect(locationOf("../up?x=1", "https://a.example/v2/b/c", "x")).toBe("https://a.example/v2/up?x=1");
    expect(locationOf("https://b.example/%2e/x?sig=a%2Fb", "https://a.example/", "x")).toBe(
      "https://b.example/%2e/x?sig=a%2Fb",
    );
    expect(locationOf("//b.example/x", "https://a.example/", "x")).toBe("https://b.example/x");
  });

  it("never leads from https to something weaker", () => {
    for (const to of ["http://a.example/x", "file:///etc/passwd", "ftp://a.example/", "https://[bad"])
      expect(() => locationOf(to, "https://a.example/", "x")).toThrow(
        expect.objectContaining({ code: "SOURCE_REFUSED" }),
      );
    expect(sameOrigin("https://a.example:443/", "https://a.example/x")).toBe(true);
  });
});
