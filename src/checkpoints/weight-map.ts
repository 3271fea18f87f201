import { UserError } from "../errors.ts";
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
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
  const missing = new Set<string>();
  const names = new Map<string, ReadonlySet<string>>();
  for (const [tensor, shard] of Object.entries(map)) {
    const file = tensors.get(folder + shard);
    if (!file) {
      missing.add(`the file ${shard}`);
      continue;
    }
    const known = names.get(shard) ?? new Set(file.names);
    names.set(shard, known);
    if (!known.has(tensor)) missing.add(`tensor ${tensor} in ${shard}`);
  }
  if (missing.size === 0) return;
  const shown = [...missing].slice(0, 8).join(", ");
  throw new UserError("CHECKPOINT_INDEX_INCOMPLETE", {
    happened: `${path} names what is not there: ${shown}${missing.size > 8 ? ` and ${missing.size - 8} more` : ""}.`,
    next: "The archive is not complete: transfer it again and compare its SHA-256 with what Poolside published.",
  });
}

function weightMap(path: string, text: string): Readonly<Record<string, string>> {
  try {
    const map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
    if (typeof map === "object" && map !== null && Object.values(map).every((shard) => typeof shard === "string"))
      return map as Record<string, string>;
  } catch {
    // told below, together with JSON that has no map
  }
  throw new UserError("CHECKPOINT_INDEX_INCOMPLETE", {
    happened: `${path} has no weight_map of file names.`,
    next: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  });
}
