import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { dataOf } from "../../../src/spec/placed.ts";
import { readSpec, specLimits } from "../../../src/spec/read.ts";

const problems = (text: string) =>
  readSpec(text, "s.yaml").problems.map(({ happened, at }) => `${at?.line}:${at?.column} ${happened}`);
const data = (text: string) => {
  const { root, problems: wrong } = readSpec(text, "s.yaml");
  expect(wrong).toEqual([]);
  return dataOf(root!);
};

describe("readSpec", () => {
  it.each([
    ["a duplicate key", "a: 1\nb: 2\na: 3\n", "3:1 the key a stands here twice"],
    ["a tab as indentation", "a:\n\tb: 1\n", "2:1 a tab is used as indentation; YAML takes spaces only"],
    ["several documents", "a: 1\n---\nb: 1\n", "3:1 the file holds several documents (---); a spec is one"],
    ["nothing", "", "1:1 the file is empty"],
    ["only a comment", "# nothing\n", "1:1 the file is empty"],
    ["an older YAML", "%YAML 1.1\n---\na: 1\n", "1:1 the spec is YAML 1.2; remove the line %YAML"],
    ["an alias of nothing", "a: *b\n", "1:4 *b names no anchor"],
    ["an alias of itself", "a: &a\n  b: *a\n", "2:6 *a leads back to itself"],
    ["a key that is a list", "? [a]\n: 1\n", "1:3 a key must be plain text"],
    ["a merge of text", "a: &a text\nb: { <<: *a }\n", "2:6 << merges maps only"],
  ])("refuses %s", (_, text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  it("refuses plain words that readers of YAML take for different things, and says both ways to write them", () => {
    expect(problems("a: NO\nb: yes\nc: 012345678901\nd: 1_000\ne: 12:30\nf: 12345678901234567890\n")).toEqual([
      '1:4 NO means false to some readers of YAML and text to others: write false, or "NO" in quotes',
      '2:4 yes means true to some readers of YAML and text to others: write true, or "yes" in quotes',
      '3:4 012345678901 would lose its leading zero as a number: write "012345678901" in quotes',
      '4:4 1_000 means 1000 to some readers of YAML and text to others: write "1_000" in quotes',
      '5:4 12:30 means 750 to some readers of YAML and text to others: write "12:30" in quotes',
      '6:4 12345678901234567890 is too long for a number and would lose digits: write "12345678901234567890" in quotes',
    ]);
    const quoted = "a: 'NO'\nb: \"yes\"\nc: '012345678901'\nd: 2026-11-24\ne: v1.0\nf: 24h\n";
    expect(data(quoted)).toEqual({ a: "NO", b: "yes", c: "012345678901", d: "2026-11-24", e: "v1.0", f: "24h" });
  });

  it("refuses what grows beyond all bounds, in time", () => {
    const laughs = Array.from({ length: 12 }, (_, n) => `l${n}: &l${n} [${Array(9).fill(n ? `*l${n - 1}` : "x")}]`);
    expect(problems(laughs.join("\n"))[0]).toContain("too large once its aliases are expanded");
    expect(problems(`a: ${"[".repeat(5_000)}`)[0]).toContain("nested too deeply");
    expect(problems(`a: ${"[".repeat(100)}${"]".repeat(100)}`)[0]).toContain("nested too deeply");
    expect(problems(`a: ${"x".repeat(specLimits.bytes)}`)[0]).toContain("larger than");
  });

  it("expands anchors and merge keys; what stands beside a merge wins, then the earlier map", () => {
    const text = [
      "x: &x { a: 1, b: 1 }",
      "y: &y { b: 2, c: 2 }",
      "one: { <<: *x, b: 9 }",
      "two: { <<: [*x, *y], d: 4 }",
      "three: { '<<': 5 }",
      "four: *y",
    ].join("\n");
    expect(data(text)).toMatchObject({
      one: { a: 1, b: 9 },
      two: { a: 1, b: 1, c: 2, d: 4 },
      three: { "<<": 5 },
      four: { b: 2, c: 2 },
    });
  });

  it("knows where an anchored value was written, not where it was used", () => {
    const { root } = readSpec("a: &a 1\nb: *a\n", "s.yaml");
    expect(root).toMatchObject({ kind: "map" });
    const used = root?.kind === "map" ? root.entries.get("b") : undefined;
    expect(used).toMatchObject({ keyAt: { line: 2, column: 1 }, value: { at: { line: 1 } } });
  });

  it("takes keys such as __proto__ and numbers for keys like any other", () => {
    expect(Object.keys(data("__proto__: 1\n007: 2\n") as object).sort()).toEqual(["007", "__proto__"]);
  });

  it("agrees with the library about every document that it takes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.boolean(), (value, flow) => {
        const text = stringify(value, { defaultStringType: flow ? "QUOTE_DOUBLE" : "PLAIN" });
        const { root, problems: wrong } = readSpec(text, "s.yaml");
        if (wrong.length > 0) return;
        expect(dataOf(root!)).toEqual(parse(text));
      }),
    );
  });

  it("never throws, whatever the text", () => {
    const pieces = fc.constantFrom(
      ..."abc: -?[]{}&a*a!|>'\"%@`#,\n\t 019~<",
      "<<: *a",
      "&a ",
      "---\n",
      "...\n",
      "!!map ",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const { root, problems: wrong } = readSpec(parts.join(""), "s.yaml");
        expect(root !== undefined || wrong.length > 0).toBe(true);
        for (const { at } of wrong) expect(at!.line).toBeGreaterThan(0);
      }),
      { numRuns: 2_000 },
    );
  });
});
