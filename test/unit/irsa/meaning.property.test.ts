import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument, sameMeaning } from "../../../src/irsa/meaning.ts";
import { verdict } from "./judge-of-permission.ts";
import { documentArbitrary, type Raw, statementArbitrary, universe } from "./random-documents.ts";

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
      { numRuns: 400 },
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
      { numRuns: 400 },
    );
    expect(told).toBeGreaterThan(100);
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
      { numRuns: 400 },
    );
    expect(told).toBeGreaterThan(60);
  });
});
