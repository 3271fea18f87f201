import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { emitYaml } from "../../../src/values/emit.ts";
import { type HelmReader, helmReader } from "./helm.ts";

/** What YAML, Go templates, GitHub and shells take for something else than text. */
const hostile = [
  "",
  " ",
  "NO",
  "no",
  "Yes",
  "on",
  "OFF",
  "y",
  "N",
  "true",
  "True",
  "null",
  "~",
  "Null",
  "012345678901",
  "1e3",
  "1_000",
  "0x1F",
  "0o17",
  "0b1",
  "12:30:45",
  ".inf",
  "-.INF",
  ".nan",
  "NaN",
  "+1",
  "-",
  "--- ",
  "---",
  "...",
  "?",
  ":",
  "a: b",
  "a:",
  "a #b",
  "#a",
  "- a",
  "[a]",
  "{a}",
  "{{ .Values.x }}",
  "${{ secrets.X }}",
  "*a",
  "&a",
  "!a",
  "!!str",
  "%YAML 1.1",
  "@a",
  "`a`",
  "|",
  ">",
  "'",
  '"',
  "\\",
  "a\\",
  "a\nb",
  "a\n",
  "\n",
  "a\r\nb",
  "\ta",
  "a\t",
  " a",
  "a ",
  "\u0000",
  "\u0007",
  "\u007f",
  "\u0085",
  "\u00a0",
  "\u2028",
  "\u2029",
  "\ufeff",
  "\ufffd",
  "\ufffe",
  "\uffff",
  "😀",
  "\u{10ffff}",
  "e\u0301",
  "<<",
  "=",
  "2026-11-24",
  "2026-11-24T00:00:00Z",
  "s3://bucket/a b",
  "arn:aws:iam::210987654321:role/x",
  "x".repeat(3_000),
  "##[error]x",
  "::set-output name=a::b",
  "$(id)",
  "`id`",
];

const text = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(..."yYnN01_:-#'\"\\ \n\t.eE+xo~{}[]<>&*!|%@`,?="), maxLength: 8 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0x2100 }).map((code) => String.fromCodePoint(code)), maxLength: 6 }),
);
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  fc.constantFrom(1e21, 1e-7, 0.1, 5e-324, Number.MAX_SAFE_INTEGER, 1e300),
);
const key = text.filter((name) => name !== "global");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    { arbitrary: text, weight: 6 },
    { arbitrary: number, weight: 1 },
    { arbitrary: fc.boolean(), weight: 1 },
    { arbitrary: fc.array(tie("value"), { maxLength: 4 }), weight: 2 },
    { arbitrary: fc.dictionary(key, tie("value"), { maxKeys: 4 }), weight: 2 },
  ),
}));

/** Many values in one file: one start of helm for all of them. */
const file = fc.dictionary(key, value, { minKeys: 40, maxKeys: 120 });

describe.each([3, 4] as const)("emitYaml, read by helm %i", (major) => {
  let reader: HelmReader;
  beforeAll(async () => {
    reader = await helmReader(major);
  });
  afterAll(() => reader.close());

  it("gives hostile strings back exactly, as values, as items and as keys", async () => {
    const data = {
      values: Object.fromEntries(hostile.map((item, index) => [`v${index}`, item])),
      items: hostile,
      nested: [hostile.map((item) => ({ [item]: item }))],
      keys: Object.fromEntries(hostile.map((item) => [item, item])),
    };
    expect(await reader.read(emitYaml(data))).toEqual(data);
  });

  it("gives any data back exactly", async () => {
    await fc.assert(
      fc.asyncProperty(file, async (data) => {
        expect(await reader.read(emitYaml(data))).toEqual(JSON.parse(JSON.stringify(data)));
      }),
      { numRuns: 12, endOnFailure: true },
    );
  }, 120_000);
});

describe("emitYaml", () => {
  it("refuses half of a UTF-16 pair, which no YAML can say", () => {
    expect(() => emitYaml({ a: "\ud800" })).toThrow(expect.objectContaining({ code: "VALUES_NOT_TEXT" }));
  });
});
