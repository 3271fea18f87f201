import { isMap } from "./model.ts";

export type Values = Readonly<Record<string, unknown>>;

/** `over` merged into `base` as helm merges values: maps merge, lists and plain values replace. A null stays: helm drops the chart's default for it. */
export function mergeValues(base: Values, over: Values): Values {
  const entries = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const before = entries.get(key);
    entries.set(key, isMap(before) && isMap(value) ? mergeValues(before, value) : value);
  }
  return Object.fromEntries(entries);
}

/** A plain value of `before` that `over` replaces with another one. */
export interface Overridden {
  readonly path: readonly string[];
  readonly from: unknown;
  readonly to: unknown;
}

/** The values of `before` that `over` changes. */
export function overridden(before: Values, over: Values, path: readonly string[] = []): readonly Overridden[] {
  return Object.entries(over).flatMap(([key, to]) => {
    if (!Object.hasOwn(before, key)) return [];
    const from = before[key];
    if (isMap(from) && isMap(to)) return overridden(from, to, [...path, key]);
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ path: [...path, key], from, to }];
  });
}

/** The value at `path`, or undefined. */
export function valueAt(values: unknown, ...path: readonly string[]): unknown {
  let here = values;
  for (const part of path) {
    if (!isMap(here) || !Object.hasOwn(here, part)) return undefined;
    here = here[part];
  }
  return here;
}
