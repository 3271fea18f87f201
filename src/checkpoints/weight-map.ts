import { UserError } from "../errors.ts";
import { shown } from "../tar/names.ts";
import type { Tensors } from "./safetensors.ts";

/** Whether a file lists the shards of a checkpoint. */
export function isWeightIndex(path: string): boolean {
  return path.endsWith(".safetensors.index.json");
}

/**
 * Holds an index against the files: every shard that its `weight_map` names lies beside it and has the tensors that the map looks for there.
 * Else `CHECKPOINT_INDEX_INCOMPLETE`, which lists what is missing. `tensors` holds each safetensors file by its path.
 */
export function checkWeightIndex(path: string, text: string, tensors: ReadonlyMap<string, Tensors>): void {
  const map = weightMap(path, text);
  const folder = folderOf(path);
  const missing = new Set<string>();
  const names = new Map<string, ReadonlySet<string>>();
  for (const [tensor, shard] of Object.entries(map)) {
    const file = tensors.get(folder + shard);
    if (!file) {
      missing.add(`the file ${shown(shard)}`);
      continue;
    }
    const known = names.get(shard) ?? new Set(file.names);
    names.set(shard, known);
    if (!known.has(tensor)) missing.add(`tensor ${shown(tensor)} in ${shown(shard)}`);
  }
  if (missing.size > 0) throw incomplete(`${path} names what is not there`, [...missing]);
}

/**
 * Holds the numbers in the names of shards (`model-00001-of-00003.safetensors`) against each other: where no index beside them says which there are, all
 * must be there. Else `CHECKPOINT_INDEX_INCOMPLETE`.
 */
export function checkShards(paths: Iterable<string>, indexes: Iterable<string>): void {
  const indexed = new Set(Array.from(indexes, folderOf));
  const series = new Map<string, Set<number>>();
  for (const path of paths) {
    const [, start, number, total] = /^(.*-)(\d{5})-of-(\d{5})\.safetensors$/.exec(path) ?? [];
    if (total === undefined || indexed.has(folderOf(path))) continue;
    const name = `${start}*-of-${total}.safetensors`;
    series.set(name, (series.get(name) ?? new Set()).add(Number(number)));
  }
  for (const [name, there] of series) {
    const total = Number(/(\d+)\.safetensors$/.exec(name)![1]);
    if (there.size >= total) continue;
    // Some writers count from 0.
    const numbers = Array.from({ length: total }, (_, index) => (there.has(0) ? index : index + 1));
    const missing = numbers.filter((number) => !there.has(number)).map((number) => String(number).padStart(5, "0"));
    throw incomplete(`Of the shards ${name}, these are not there`, missing);
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function incomplete(what: string, missing: readonly string[]): UserError {
  const listed = missing.slice(0, 8).join(", ");
  return new UserError("CHECKPOINT_INDEX_INCOMPLETE", {
    happened: `${what}: ${listed}${missing.length > 8 ? ` and ${missing.length - 8} more` : ""}.`,
    next: "The archive is not complete: transfer it again and compare its SHA-256 with what Poolside published.",
  });
}

function weightMap(path: string, text: string): Readonly<Record<string, string>> {
  try {
    const map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
    const shards = typeof map === "object" && map !== null ? Object.values(map) : [];
    if (shards.length > 0 && shards.every((shard) => typeof shard === "string")) return map as Record<string, string>;
  } catch {
    // told below, together with JSON that has no map
  }
  throw new UserError("CHECKPOINT_INDEX_INCOMPLETE", {
    happened: `${path} has no weight_map of file names.`,
    next: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  });
}
