import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { safetensors } from "../../../sandbox/sample/checkpoints.ts";
import { noise } from "../../../sandbox/sample/noise.ts";
import { type Entry, tarOf } from "../../../sandbox/sample/tar.ts";

/** Files of a small checkpoint: one safetensors file of about `bytes`, and what lies beside it. */
export function checkpointFiles(seed: string, bytes: number): readonly Entry[] {
  return [
    { path: "config.json", content: Buffer.from(`{"model": "${seed}"}\n`) },
    { path: "empty.txt", content: Buffer.alloc(0) },
    { path: "model.safetensors", content: safetensors([{ name: "weight", shape: [bytes / 2] }], seed) },
    { path: "tokenizer/tokenizer.json", content: Buffer.concat([Buffer.from("{}"), noise(seed, 0)]) },
  ];
}

/** A tar of these files below one top folder. */
export function checkpointTar(files: readonly Entry[], top = "laguna_m"): Buffer {
  return tarOf([{ path: top }, ...files.map((file) => ({ ...file, path: `${top}/${file.path}` }))]);
}

/** Writes a tar of a small checkpoint into the workspace; gives its path relative to it. */
export function writeTar(workspace: string, name: string, files: readonly Entry[]): string {
  writeFileSync(join(workspace, name), checkpointTar(files));
  return `./${name}`;
}
