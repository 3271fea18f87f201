import type { Position } from "../errors.ts";

/** A value of the spec and where it was written. */
export type Placed = PlacedMap | PlacedList | PlacedScalar;

export interface PlacedScalar {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, without quotes; tells `012` from `12`. */
  readonly source: string;
  readonly at: Position;
}

export interface PlacedList {
  readonly kind: "list";
  readonly items: readonly Placed[];
  readonly at: Position;
}

export interface PlacedMap {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, PlacedEntry>;
  readonly at: Position;
}

export interface PlacedEntry {
  readonly keyAt: Position;
  readonly value: Placed;
}

/** The plain data of a placed value. A key such as `__proto__` is a key like any other. */
export function dataOf(node: Placed): unknown {
  switch (node.kind) {
    case "scalar":
      return node.value;
    case "list":
      return node.items.map(dataOf);
    case "map":
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, dataOf(entry.value)]));
  }
}

/** What stands at `path` below `node`. */
export function placedAt(node: Placed, path: readonly string[]): Placed | undefined {
  let here: Placed | undefined = node;
  for (const part of path) {
    if (here?.kind === "map") here = here.entries.get(part)?.value;
    else if (here?.kind === "list") here = here.items[Number(part)];
    else return undefined;
  }
  return here;
}

/** Where the key that leads to `path` was written; of a list's item, the item. */
export function keyPosition(node: Placed, path: readonly string[]): Position | undefined {
  const parent = placedAt(node, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined) return node.at;
  return parent?.kind === "map" ? parent.entries.get(last)?.keyAt : placedAt(node, path)?.at;
}

/** `eks-deploy.yaml:12:5`. */
export function positionText(at: Position): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** Every plain value below `node` with its path, in the order of the file. A list counts as one value. */
export function leaves(
  node: Placed,
  path: readonly string[] = [],
): readonly { path: readonly string[]; node: Placed }[] {
  if (node.kind !== "map" || node.entries.size === 0) return [{ path, node }];
  return [...node.entries].flatMap(([key, entry]) => leaves(entry.value, [...path, key]));
}
