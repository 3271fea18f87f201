import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument, sameMeaning } from "../../../src/irsa/meaning.ts";
import { type Request, verdict } from "./judge-of-permission.ts";

type Raw = Record<string, unknown>;

const actions = ["s3:GetObject", "s3:ListBucket", "s3:Get*", "kms:Decrypt", "*"];
const resources = ["arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a/x", "arn:aws:s3:::b/*", "*"];
const values = ["p", "q", "p*"];

/** One value, or a list of some. */
const oneOrSome = (of: readonly string[]) => fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
const conditionArbitrary = fc.option(
  fc.dictionary(
    fc.constantFrom("StringEquals", "StringLike", "StringNotEquals"),
    fc.dictionary(fc.constantFrom("s3:prefix", "aws:tag"), oneOrSome(values), { minKeys: 1, maxKeys: 2 }),
    { minKeys: 1, maxKeys: 2 },
  ),
  { nil: undefined },
);
const statementArbitrary = fc
  .record({
    effect: fc.constantFrom("Allow", "Allow", "Deny"),
    not: fc.constantFrom("", "", "", "Action", "Resource"),
    action: oneOrSome(actions),
    resource: oneOrSome(resources),
    condition: conditionArbitrary,
  })
  .map(
    ({ effect, not, action, resource, condition }): Raw => ({
      Effect: effect,
      [not === "Action" ? "NotAction" : "Action"]: action,
      [not === "Resource" ? "NotResource" : "Resource"]: resource,
      ...(condition ? { Condition: condition } : {}),
    }),
  );
const documentArbitrary = fc
  .array(statementArbitrary, { minLength: 1, maxLength: 3 })
  .map((Statement): Raw => ({ Version: "2012-10-17", Statement }));

/** Every request that could tell two of these documents apart. */
const universe: readonly Request[] = ["s3:GetObject", "s3:GetBucketAcl", "s3:ListBucket", "kms:Decrypt"].flatMap(
  (action) =>
    ["arn:aws:s3:::a", "arn:aws:s3:::a/x", "arn:aws:s3:::a/y", "arn:aws:s3:::b/x", "arn:aws:s3:::c"].flatMap(
      (resource) =>
        [undefined, "p", "q", "pp"].flatMap((prefix) =>
          [undefined, "p", "q"].map((tag) => ({
            action,
            resource,
            context: { ...(prefix ? { "s3:prefix": prefix } : {}), ...(tag ? { "aws:tag": tag } : {}) },
          })),
        ),
    ),
);

const telling = (one: Raw, other: Raw) => universe.find((request) => verdict(one, request) !== verdict(other, request));

/** The document as IAM may give it back: other order, lists of one as values, values as lists, other case, split and repeated statements, percent-encoded. */
function givenBack(document: Raw, random: () => number): string {
  const coin = () => random() < 0.5;
  const shuffled = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => [random(), item] as const)
      .sort(([a], [b]) => a - b)
      .map(([, item]) => item);
  const loose = (value: unknown) => {
    const list = shuffled([value].flat());
    if (list.length === 1 && coin()) return list[0];
    return coin() ? [...list, list[0]] : list;
  };
  const reordered = (raw: Raw): Raw => Object.fromEntries(shuffled(Object.entries(raw)));
  const casing = (value: unknown) => [value].flat().map((name) => (coin() ? String(name).toUpperCase() : name));
  const condition = (raw: Raw): Raw =>
    reordered(
      Object.fromEntries(
        Object.entries(raw).map(([operator, keys]) => [
          operator,
          reordered(
            Object.fromEntries(
              Object.entries(keys as Raw).map(([key, list]) => [coin() ? key.toUpperCase() : key, loose(list)]),
            ),
          ),
        ]),
      ),
    );
  const statement = (raw: Raw): Raw => {
    const shown: Raw = { ...raw };
    for (const key of Object.keys(shown)) {
      if (key.endsWith("Action")) shown[key] = loose(casing(shown[key]));
      else if (key.endsWith("Resource")) shown[key] = loose(shown[key]);
      else if (key === "Condition") shown[key] = condition(shown[key] as Raw);
    }
    if (coin()) shown["Sid"] = `S${Math.floor(random() * 1e9)}`;
    return reordered(shown);
  };
  const split = (raw: Raw): Raw[] => {
    const list = [raw["Action"]].flat();
    if (raw["Action"] === undefined || list.length < 2 || coin()) return [raw];
    return list.map((Action) => ({ ...raw, Action }));
  };
  const statements = shuffled((document["Statement"] as Raw[]).flatMap(split));
  const all = coin() ? [...statements, statements[0]!] : statements;
  const text = JSON.stringify(reordered({ ...document, Statement: loose(all.map(statement)) }));
  return coin() ? encodeURIComponent(text) : text;
}

/** A seeded source of chance, so that a failure can be repeated. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("documents compared by meaning", () => {
  it("are the same however IAM writes them", () => {
    fc.assert(
      fc.property(documentArbitrary, fc.integer(), (document, seed) => {
        const text = givenBack(document, chance(seed));
        expect(sameMeaning(parseDocument(text), document), text).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are never called the same when a request tells them apart", () => {
    let told = 0;
    fc.assert(
      fc.property(documentArbitrary, documentArbitrary, (one, other) => {
        const request = telling(one, other);
        if (request === undefined) return;
        told += 1;
        expect(sameMeaning(one, other), JSON.stringify(request)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
    expect(told).toBeGreaterThan(300);
  });

  it("are told apart after one small change that changes a permission", () => {
    let told = 0;
    fc.assert(
      fc.property(documentArbitrary, statementArbitrary, fc.nat(), (document, donor, at) => {
        const statements = document["Statement"] as Raw[];
        const index = at % statements.length;
        const [key, value] = Object.entries(donor)[at % Object.keys(donor).length]!;
        const twin = key.startsWith("Not") ? key.slice(3) : `Not${key}`;
        const { [twin]: _, ...rest } = statements[index]!;
        const changed = { ...document, Statement: statements.with(index, { ...rest, [key]: value }) };
        if (telling(document, changed) === undefined) return;
        told += 1;
        expect(sameMeaning(document, changed)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
    expect(told).toBeGreaterThan(200);
  });
});
