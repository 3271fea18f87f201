import type { Source } from "../bytes/source.ts";
import { UserError } from "../errors.ts";
import { headerLength, lengthBytes, readTensors, type Tensors } from "./safetensors.ts";
import { checkShards, checkWeightIndex, isWeightIndex } from "./weight-map.ts";

/** Largest index that is read: one of 100,000 tensors has some 10 MB. */
const longestIndex = 100_000_000;
/** Bytes that are read at first: most headers fit, so one read per file is enough. */
const firstRead = 65_536;
const atOnce = 8;

/** What the lint learnt. */
export interface Linted {
  readonly parameters: number;
  /** Files whose headers were read. */
  readonly safetensors: number;
}

/**
 * Reads every safetensors header and every index, before anything is uploaded. Errors: `SAFETENSORS_INVALID`, `CHECKPOINT_INDEX_INCOMPLETE`,
 * `CHECKPOINT_FILE_EMPTY`.
 */
export async function lintFiles(
  files: readonly { readonly path: string; readonly size: number; readonly bytes: Source }[],
  signal: AbortSignal,
): Promise<Linted> {
  for (const file of files) refuseEmpty(file.path, file.size);
  const weights = files.filter((file) => file.path.endsWith(".safetensors"));
  const tensors = new Map<string, Tensors>();
  let next = 0;
  const work = async () => {
    for (let index = next++; index < weights.length; index = next++) {
      const file = weights[index]!;
      tensors.set(file.path, await tensorsOf(file.bytes, file.path, signal));
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, weights.length) }, work));
  const indexes = files.filter((file) => isWeightIndex(file.path));
  for (const { path, bytes } of indexes) checkWeightIndex(path, await textOf(bytes, path, signal), tensors);
  checkShards(
    tensors.keys(),
    indexes.map((index) => index.path),
  );
  return lintedOf(tensors);
}

/** The sums over all headers. */
export function lintedOf(tensors: ReadonlyMap<string, Tensors>): Linted {
  const parameters = [...tensors.values()].reduce((sum, { parameters: own }) => sum + own, 0);
  return { parameters, safetensors: tensors.size };
}

async function tensorsOf(source: Source, path: string, signal: AbortSignal): Promise<Tensors> {
  const first = Buffer.allocUnsafe(Math.min(source.size, firstRead));
  await source.read(0, first, signal);
  const length = headerLength(first.subarray(0, lengthBytes), source.size, path);
  if (lengthBytes + length <= first.length)
    return readTensors(first.subarray(lengthBytes, lengthBytes + length), source.size, path);
  const header = Buffer.allocUnsafe(length);
  await source.read(lengthBytes, header, signal);
  return readTensors(header, source.size, path);
}

async function textOf(source: Source, path: string, signal: AbortSignal): Promise<string> {
  refuseLongIndex(source.size, path);
  const buffer = Buffer.allocUnsafe(source.size);
  await source.read(0, buffer, signal);
  return buffer.toString("utf8");
}

/** A JSON file without a byte is none: its writing was cut off, and a model server would stumble over it. */
export function refuseEmpty(path: string, size: number): void {
  if (size > 0 || !path.endsWith(".json")) return;
  throw new UserError("CHECKPOINT_FILE_EMPTY", {
    happened: `${path} is empty, and so no JSON.`,
    next: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  });
}

/** An index beyond all measure is not read into memory. */
export function refuseLongIndex(size: number, path: string): void {
  if (size <= longestIndex) return;
  throw new UserError("CHECKPOINT_INDEX_INCOMPLETE", {
    happened: `${path} has ${size.toLocaleString("en-US")} bytes; an index of weights has at most ${longestIndex.toLocaleString("en-US")}.`,
    next: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  });
}
