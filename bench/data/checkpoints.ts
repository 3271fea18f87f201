import { noisePieces, TarFile } from "./writer.ts";

/** A checkpoint's files below one top folder: large ones of weights, and many small ones. */
export interface CheckpointShape {
  readonly large: number;
  readonly largeBytes: number;
  readonly small: number;
  readonly smallBytes: number;
  /** Weights of zeros that take no place on the disk. */
  readonly sparse?: boolean;
}

/** Writes the tar of a checkpoint. */
export function writeCheckpoint(path: string, shape: CheckpointShape): void {
  const tar = new TarFile(path);
  tar.folder("model");
  tar.add("model/config.json", Buffer.from("{}\n"));
  const weights: Record<string, string> = {};
  for (let index = 0; index < shape.large; index += 1) {
    const name = `model-${number(index + 1)}-of-${number(shape.large)}.safetensors`;
    const tensor = `model.layers.${index}.weight`;
    weights[tensor] = name;
    const start = safetensorsStart(tensor, shape.largeBytes);
    const body = shape.largeBytes - start.length;
    if (shape.sparse) tar.hole(`model/${name}`, start, shape.largeBytes);
    else tar.stream(shape.largeBytes, together(start, noisePieces(name, body)), () => `model/${name}`);
  }
  if (shape.large > 0)
    tar.add("model/model.safetensors.index.json", Buffer.from(JSON.stringify({ metadata: {}, weight_map: weights })));
  tar.folder("model/assets");
  for (let index = 0; index < shape.small; index += 1) {
    const name = `model/assets/part-${number(index)}.bin`;
    tar.stream(shape.smallBytes, noisePieces(name, shape.smallBytes), () => name);
  }
  tar.close();
}

/** Length and header of a safetensors file of one tensor that fills `size` bytes. */
function safetensorsStart(tensor: string, size: number): Buffer {
  const length = 256;
  const bytes = size - 8 - length;
  const header = JSON.stringify({ [tensor]: { dtype: "I8", shape: [bytes], data_offsets: [0, bytes] } });
  const start = Buffer.alloc(8 + length, " ");
  start.writeBigUInt64LE(BigInt(length));
  start.write(header, 8);
  return start;
}

function* together(start: Buffer, rest: Iterable<Buffer>): Generator<Buffer> {
  yield start;
  yield* rest;
}

function number(value: number): string {
  return String(value).padStart(5, "0");
}
