import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Masks } from "../../../src/runner/masks.ts";

function masked(secret: string, text: string): string {
  const masks = new Masks();
  masks.add(secret);
  return masks.apply(text);
}

describe("masks", () => {
  const secret = `k3y/+"&<5d1f>% é`;

  it.each([
    ["as it is", secret],
    ["in JSON", JSON.stringify(secret)],
    ["in a URL", encodeURIComponent(secret)],
    ["in a form", encodeURIComponent(secret).replaceAll("%20", "+")],
    ["in XML", "k3y/+&quot;&amp;&lt;5d1f&gt;% é"],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in URL-safe base64", Buffer.from(secret).toString("base64url")],
    ["in a basic authorization", Buffer.from(`AWS:${secret}`).toString("base64")],
  ])("hide a secret %s", (_, form) => {
    const text = masked(secret, `before ${form} after`);
    expect(text).toMatch(/^before .*\*\*\*.* after$/);
    expect(text).not.toContain(form.slice(6, -6));
  });

  it("hide a secret wherever in a base64 text it lies", () => {
    const bytes = fc.string({ minLength: 0, maxLength: 20 });
    fc.assert(
      fc.property(bytes, bytes, (before, after) => {
        const text = Buffer.from(`${before}canary-secret-0123${after}`).toString("base64");
        const shown = masked("canary-secret-0123", text);
        expect(shown).toContain("***");
        expect(Buffer.from(shown.replaceAll("***", ""), "base64").toString()).not.toContain("canary-secret-01");
      }),
    );
  });

  it("hide each line of a value of several lines, and no empty or tiny one", () => {
    const masks = new Masks();
    expect(masks.add("first-line\n\nab\nlast-line")).toEqual([
      "first-line\n\nab\nlast-line",
      "first-line",
      "last-line",
    ]);
    expect(masks.apply("first-line, ab and last-line")).toBe("***, ab and ***");
  });

  it("hide signature and token of a presigned URL without the rest, and leave its host readable", () => {
    const url =
      "https://intake.example.com/b.tar?X-Amz-Date=20261126T000000Z&X-Amz-Signature=0badc0de00&X-Amz-Security-Token=t0ken%2Fvalue";
    const masks = new Masks();
    masks.add(url);
    expect(masks.apply("signature 0badc0de00 at 20261126T000000Z")).toBe("signature *** at 20261126T000000Z");
    expect(masks.apply("token t0ken/value, t0ken%2Fvalue")).toBe("token ***, ***");
    expect(masks.apply(`GET ${new URL(url).search}`)).toBe("GET ?***");
    expect(masks.apply("intake.example.com")).toBe("intake.example.com");
  });

  it("mask the longest value first, so that no rest of it is left", () => {
    const masks = new Masks();
    masks.add("secret");
    masks.add("secret-and-more");
    expect(masks.apply("secret-and-more, secret")).toBe("***, ***");
  });

  it("tell GitHub's runner plain values only, each once: it derives encoded forms itself", () => {
    const masks = new Masks();
    expect(masks.add(secret)).toEqual([secret]);
    expect(masks.add(secret)).toEqual([]);
  });
});
