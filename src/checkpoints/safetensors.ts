import { UserError } from "../errors.ts";
import { shown } from "../tar/names.ts";

/** The format's own limit on its header. */
const longestHeader = 100_000_000;
/** Bytes before the header: its length, as an unsigned little-endian number. */
export const lengthBytes = 8;

/** Bits of one element. A type that is not here is newer than this list; its tensors are held to the tiling only. */
const bits: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/** What a safetensors header says. */
export interface Tensors {
  readonly names: readonly string[];
  /** Elements of all tensors. */
  readonly parameters: number;
}

interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Length of the header in bytes, from the file's first eight. A length that cannot be is `SAFETENSORS_INVALID`. */
export function headerLength(first: Uint8Array, fileSize: number, path: string): number {
  if (first.length < lengthBytes)
    throw invalid(path, `it has ${first.length} bytes, less than the 8 of a header's length`);
  const length = new DataView(first.buffer, first.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > longestHeader)
    throw invalid(path, `its header claims ${length} bytes; the format allows ${longestHeader}`);
  if (lengthBytes + Number(length) > fileSize)
    throw invalid(path, `its header claims ${length} bytes, but the file has ${fileSize}`);
  return Number(length);
}

/**
 * Reads a header and holds it against the file's size: the tensors must tile the data exactly, each as long as its type and shape say.
 * A cut or damaged file is `SAFETENSORS_INVALID` before any byte of it is uploaded.
 */
export function readTensors(header: Uint8Array, fileSize: number, path: string): Tensors {
  const tensors = parseHeader(header, path);
  let at = 0;
  for (const tensor of tensors.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (tensor.begin !== at)
      throw invalid(
        path,
        `tensor ${shown(tensor.name)} begins at ${tensor.begin} where ${at} is expected: there is a gap or an overlap`,
      );
    checkLength(tensor, path);
    at = tensor.end;
  }
  const data = fileSize - lengthBytes - header.length;
  if (at !== data)
    throw invalid(
      path,
      `its tensors take ${at} bytes and the file holds ${data} after the header: it is cut, or has something behind its end`,
    );
  return {
    names: tensors.map((tensor) => tensor.name),
    parameters: tensors.reduce((sum, tensor) => sum + elements(tensor), 0),
  };
}

function parseHeader(header: Uint8Array, path: string): readonly Tensor[] {
  // The format's own rules: no space and no byte order mark first, and no name twice, of which readers would believe either.
  if (header[0] !== openingBrace) throw invalid(path, "its header is no JSON map");
  const value = jsonOf(header, path);
  if (namesIn(value) !== colonsIn(header)) throw invalid(path, "its header has a name twice");
  return Object.entries(value as object).flatMap(([name, item]) => {
    if (name !== "__metadata__") return [tensorOf(name, item, path)];
    if (!isTextMap(item)) throw invalid(path, "its __metadata__ is no map of texts");
    return [];
  });
}

const openingBrace = 0x7b;

function jsonOf(header: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
  } catch {
    throw invalid(path, "its header is no JSON");
  }
}

/** Names in all maps of a parsed text, where of each that is there twice one is left. */
function namesIn(value: unknown): number {
  let names = 0;
  // A list instead of recursion: a hostile header may be nested without end.
  const inside = [value];
  for (let next = inside.pop(); next !== undefined; next = inside.pop()) {
    if (typeof next !== "object" || next === null) continue;
    if (!Array.isArray(next)) names += Object.keys(next).length;
    for (const item of Object.values(next)) inside.push(item);
  }
  return names;
}

/** Names in all maps of a JSON text as it was written: each is followed by a colon, which stands nowhere else outside of texts. */
function colonsIn(json: Uint8Array): number {
  let colons = 0;
  let inText = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === 0x22) inText = !inText;
    else if (inText && byte === 0x5c) at += 1;
    else if (!inText && byte === 0x3a) colons += 1;
  }
  return colons;
}

function isTextMap(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((item) => typeof item === "string");
}

function tensorOf(name: string, item: unknown, path: string): Tensor {
  const { dtype, shape, data_offsets } = (item ?? {}) as Record<string, unknown>;
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((number) => Number.isSafeInteger(number) && number >= 0);
  if (typeof dtype !== "string" || dtype === "" || !whole(shape) || !whole(data_offsets) || data_offsets.length !== 2)
    throw invalid(path, `tensor ${shown(name)} lacks a type, a shape or its two offsets`);
  const [begin, end] = data_offsets as [number, number];
  if (end < begin) throw invalid(path, `tensor ${shown(name)} ends at ${end}, before it begins at ${begin}`);
  return { name, dtype, shape, begin, end };
}

function checkLength(tensor: Tensor, path: string): void {
  const count = elements(tensor);
  const what = `tensor ${shown(tensor.name)} (${shown(tensor.dtype)} ${tensor.shape.join(" x ")})`;
  if (!Number.isSafeInteger(count)) throw invalid(path, `${what} has more elements than can be`);
  const width = bits[tensor.dtype];
  if (width === undefined) return;
  if ((count * width) % 8 !== 0) throw invalid(path, `${what} does not fill its last byte`);
  const expected = (count * width) / 8;
  if (expected !== tensor.end - tensor.begin)
    throw invalid(path, `${what} needs ${expected} bytes and has ${tensor.end - tensor.begin}`);
}

function elements({ shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, 1);
}

function invalid(path: string, why: string): UserError {
  return new UserError("SAFETENSORS_INVALID", {
    happened: `${path} is no whole safetensors file: ${why}.`,
    next: "Transfer the archive again and compare its SHA-256 with what Poolside published.",
  });
}
