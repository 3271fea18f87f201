import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { noise } from "./noise.ts";
import { type Entry, tarOf } from "./tar.ts";

/** A tensor of the sample: BF16, so two bytes an element. */
interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A checkpoint of the sample. */
export interface SampleCheckpoint {
  /** Key under `models`. */
  readonly key: string;
  /** File name of its tar; the version is its name without extension. */
  readonly file: string;
  readonly entries: readonly Entry[];
}

/** Three checkpoints, one of them sharded, each in one top folder. `scale` multiplies the tensors' sizes. */
export function sampleCheckpoints(scale = 1): readonly SampleCheckpoint[] {
  const rows = (count: number) => Math.max(1, Math.round(count * scale));
  const shards: readonly (readonly Tensor[])[] = [
    [{ name: "model.embed.weight", shape: [rows(5_000), 2_048] }],
    [
      { name: "model.layers.0.weight", shape: [rows(2_000), 2_048] },
      { name: "lm_head.weight", shape: [rows(500), 2_048] },
    ],
  ];
  return [
    { key: "laguna-m", file: "laguna_m_2611.tar", entries: sharded("laguna_m", shards) },
    {
      key: "laguna-xs",
      file: "laguna_xs_2611.tar",
      entries: single("laguna_xs", [{ name: "model.embed.weight", shape: [rows(1_500), 2_048] }]),
    },
    {
      key: "point",
      file: "point_2611.tar",
      entries: single("point", [{ name: "model.embed.weight", shape: [rows(400), 2_048] }]),
    },
  ];
}

/** Writes the tars below `folder`; gives their paths by model key. */
export function writeSampleCheckpoints(folder: string, scale = 1): Readonly<Record<string, string>> {
  mkdirSync(folder, { recursive: true });
  const paths: Record<string, string> = {};
  for (const checkpoint of sampleCheckpoints(scale)) {
    const path = join(folder, checkpoint.file);
    writeFileSync(path, tarOf(checkpoint.entries));
    paths[checkpoint.key] = path;
  }
  return paths;
}

function single(top: string, tensors: readonly Tensor[]): readonly Entry[] {
  return folder(top, [{ path: "model.safetensors", content: safetensors(tensors, top) }]);
}

function sharded(top: string, shards: readonly (readonly Tensor[])[]): readonly Entry[] {
  const name = (index: number) =>
    `model-${String(index + 1).padStart(5, "0")}-of-${String(shards.length).padStart(5, "0")}.safetensors`;
  const files = shards.map((tensors, index) => ({
    path: name(index),
    content: safetensors(tensors, `${top}/${index}`),
  }));
  const weights = Object.fromEntries(
    shards.flatMap((tensors, index) => tensors.map((tensor) => [tensor.name, name(index)])),
  );
  const total = shards.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const index = { metadata: { total_size: total }, weight_map: weights };
  return folder(top, [...files, { path: "model.safetensors.index.json", content: json(index) }]);
}

function folder(top: string, weights: readonly Entry[]): readonly Entry[] {
  const common: Entry[] = [
    { path: "config.yaml", content: Buffer.from(`model: ${top}\ndtype: bfloat16\n`) },
    { path: "generation_config.json", content: json({ temperature: 0.7, max_new_tokens: 4096 }) },
    { path: "tokenizer" },
    {
      path: "tokenizer/tokenizer.json",
      content: json({ version: "1.0", model: { type: "BPE", vocab: { a: 0, b: 1 } } }),
    },
  ];
  return [{ path: top }, ...[...common, ...weights].map((entry) => ({ ...entry, path: `${top}/${entry.path}` }))];
}

/** The safetensors format: length of the header (8 bytes, little endian), header as JSON, then the tensors without a gap. */
export function safetensors(tensors: readonly Tensor[], seed: string): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const tensor of tensors) {
    const end = offset + bytesOf(tensor);
    header[tensor.name] = { dtype: "BF16", shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8, " "));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, noise(seed, offset)]);
}

function bytesOf(tensor: Tensor): number {
  return 2 * tensor.shape.reduce((product, size) => product * size, 1);
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
