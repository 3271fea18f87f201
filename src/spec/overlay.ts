import type { Placed, PlacedEntry, PlacedMap } from "./placed.ts";

/** `over` laid on `base`: maps merge, lists and plain values replace, null removes. Each value keeps the place that it was written at. */
export function overlay(base: PlacedMap, over: PlacedMap): PlacedMap {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const merged = overlaidEntry(entries.get(key), entry);
    if (merged) entries.set(key, merged);
    else entries.delete(key);
  }
  return { kind: "map", entries, at: over.at };
}

function overlaidEntry(before: PlacedEntry | undefined, after: PlacedEntry): PlacedEntry | undefined {
  const { value } = after;
  if (value.kind === "scalar" && value.value === null) return undefined;
  if (value.kind !== "map") return after;
  const ground = before?.value.kind === "map" ? before.value : empty(value);
  return { keyAt: after.keyAt, value: overlay(ground, value) };
}

function empty(like: Placed): PlacedMap {
  return { kind: "map", entries: new Map(), at: like.at };
}

/** The layers laid on each other in order; what is null in the first is absent, too. */
export function resolveLayers(layers: readonly PlacedMap[]): PlacedMap {
  const [first] = layers;
  const ground = first ? empty(first) : { kind: "map" as const, entries: new Map(), at: nowhere };
  return layers.reduce(overlay, ground);
}

const nowhere = { file: "", line: 1, column: 1 };
