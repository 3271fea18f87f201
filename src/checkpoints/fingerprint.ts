import { createHash, type Hash } from "node:crypto";
import type { Source } from "../bytes/source.ts";
import type { CheckpointFile } from "./content.ts";

/** Files up to this are read whole. */
const whole = 65_536;
/** Bytes of one sample, and how many are taken of a large file, the first and the last bytes among them. */
const sampleBytes = 4_096;
const samples = 16;
/** Bytes of a SHA-256. */
const digestBytes = 32;
/** Files that are read at once. */
const atOnce = 8;

/**
 * Identity of files on the runner's disk: paths, sizes, small files whole and evenly spread samples of large ones. The same files give the same
 * identity on every machine and in every archive, without reading terabytes: other weights differ nearly everywhere.
 */
export async function fingerprintFiles(files: readonly CheckpointFile[], signal: AbortSignal): Promise<string> {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const digests = Buffer.alloc(sorted.length * digestBytes);
  let next = 0;
  const work = async () => {
    for (let index = next++; index < sorted.length; index = next++) {
      const hash = createHash("sha256");
      await sampled(sorted[index]!.bytes, hash, signal);
      hash.digest().copy(digests, index * digestBytes);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, sorted.length) }, work));
  const all = createHash("sha256");
  for (const [index, { path, size }] of sorted.entries()) {
    const digest = digests.subarray(index * digestBytes, (index + 1) * digestBytes);
    all.update(`${JSON.stringify(path)} ${size} ${digest.toString("hex")}\n`);
  }
  return `files:${all.digest("hex")}`;
}

/** Identity of a compressed archive on disk: its size and samples, among them the end, where gzip keeps the checksum of all that it holds. */
export async function fingerprintArchive(archive: Source, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256").update(`${archive.size}\n`);
  await sampled(archive, hash, signal);
  return `sample:${hash.digest("hex")}`;
}

async function sampled(source: Source, hash: Hash, signal: AbortSignal): Promise<void> {
  if (source.size <= whole) {
    const buffer = Buffer.allocUnsafe(source.size);
    await source.read(0, buffer, signal);
    hash.update(buffer);
    return;
  }
  const buffer = Buffer.allocUnsafe(sampleBytes);
  const step = (source.size - sampleBytes) / (samples - 1);
  for (let sample = 0; sample < samples; sample += 1) {
    await source.read(Math.floor(sample * step), buffer, signal);
    hash.update(buffer);
  }
}
