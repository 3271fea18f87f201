import { type Crc, crc32, crc64Nvme } from "../../bytes/crc.ts";
import { UserError } from "../../errors.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import { byPath, type ListedObject } from "../../facts/prefix.ts";
import type { PassingFile, StreamContent } from "../content.ts";
import { type Entry, layOut, type Strip } from "../layout.ts";
import { PassingLint } from "../lint-passing.ts";
import { destinationOf } from "../passing-path.ts";
import type { ModelWork } from "../plan.ts";
import { tellContent } from "../tell-content.ts";
import type { Engine } from "./engine.ts";
import { passOver, sendPassing } from "./passing.ts";
import { sealedObject } from "./problems.ts";
import { settleOrphans } from "./resume.ts";
import { headObject } from "./store.ts";

/** What a pass over a compressed archive brought. */
export interface Streamed {
  readonly files: readonly ManifestFile[];
  readonly parameters: number;
  readonly sha256: string;
}

/** What lasts over all passes. */
interface Memory {
  readonly lint: PassingLint;
  /** Files that are in S3 and proven, by path. */
  readonly done: Map<string, ManifestFile>;
  /** Files that turned out to be other ones than those that lie there, only after they had passed: the next pass sends them. */
  readonly differing: Set<string>;
}

const mostPasses = 2;

/** Checksums that S3 may keep of a whole object, and that can be computed while it passes. */
const crcs: ReadonlyMap<string, Crc> = new Map([
  ["CRC32", crc32],
  ["CRC64NVME", crc64Nvme],
]);

/**
 * Uploads the files of a compressed archive while it passes, each part from memory. Unfinished uploads are continued, files that are there are
 * compared while they pass, and those that differ are sent in a second pass. A bad file stops the run before that file is committed; without a
 * manifest nothing of it can be deployed.
 */
export async function uploadStream(
  work: ModelWork,
  content: StreamContent,
  strip: Strip,
  engine: Engine,
): Promise<Streamed> {
  const { model } = work;
  const { store } = engine;
  const memory: Memory = { lint: new PassingLint(), done: new Map(), differing: new Set() };
  let seen: readonly Entry[] = [];
  for (let pass = 1; pass === 1 || memory.differing.size > 0; pass += 1) {
    if (pass > mostPasses) throw unstable(model.source.label);
    seen = await onePass(work, content.files(store.ctx.signal), strip, memory, engine);
  }
  const { leftOut } = layOut(seen, strip, model.source.label, Buffer.byteLength(model.prefix.key));
  const { parameters } = memory.lint.finish();
  const files = [...memory.done.values()];
  tellContent(model.key, files, leftOut, store.ctx);
  return { files, parameters, sha256: content.sha256() };
}

async function onePass(
  { model, sealed }: ModelWork,
  files: AsyncIterable<PassingFile>,
  strip: Strip,
  memory: Memory,
  engine: Engine,
): Promise<readonly Entry[]> {
  const { key: base } = model.prefix;
  const seen: Entry[] = [];
  const sending: Promise<ManifestFile>[] = [];
  const there = byPath(model.objects);
  const open = await settleOrphans(engine.store, base, () => ({ sent: "all", copied: new Set() }));
  const destination = destinationOf(strip, model.source.label, Buffer.byteLength(base));
  const again = new Set(memory.differing);
  memory.differing.clear();
  for await (const file of files) {
    seen.push({ path: file.path, folder: false });
    const path = destination(file.path);
    if (path === undefined || memory.done.has(path)) continue;
    if (!again.has(path)) engine.progress.expect(file.size);
    const passing: PassingFile = { ...file, path, data: memory.lint.watch(path, file) };
    const key = base + path;
    const found = there.get(path);
    const compared = again.has(path) ? "unknown" : await comparePassing(passing, key, found, engine);
    if (found && sealed && typeof compared === "string") throw sealedObject(`s3://${engine.store.bucket}/${key}`);
    if (compared === "unknown") {
      const target = { path, key, size: file.size, found, open: open.get(key) };
      sending.push((await sendPassing(passing, target, engine)).entry);
    } else if (compared === "other") memory.differing.add(path);
    else memory.done.set(path, compared);
  }
  for (const entry of await Promise.all(sending)) memory.done.set(entry.path, entry);
  return seen;
}

/** Holds a file against the object of its size at its key while it passes; `unknown`, with nothing read, where no checksum can tell. */
async function comparePassing(
  file: PassingFile,
  key: string,
  found: ListedObject | undefined,
  { store, progress }: Engine,
): Promise<ManifestFile | "other" | "unknown"> {
  const object = found?.size === file.size ? await headObject(store, key) : undefined;
  const crc = object?.checksum && crcs.get(object.checksum.algorithm);
  if (!object?.checksum || !crc) return "unknown";
  if (crc.base64(await passOver(file, crc)) !== object.checksum.value) return "other";
  progress.add(file.size, false);
  return { path: file.path, size: file.size, etag: object.etag, checksum: object.checksum };
}

function unstable(label: string): UserError {
  return new UserError("CHECKPOINT_SOURCE_CHANGED", {
    happened: `${label} gave other bytes when it was read again.`,
    next: "Wait until whoever writes it has finished, then run again.",
  });
}
