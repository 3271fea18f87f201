import { crc32 } from "../../bytes/crc.ts";
import { UserError } from "../../errors.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import type { PassingFile, StreamContent } from "../content.ts";
import { layOut, type Strip } from "../layout.ts";
import { PassingLint } from "../lint-passing.ts";
import { destinationOf } from "../passing-path.ts";
import type { ModelWork } from "../plan.ts";
import type { Engine } from "./engine.ts";
import { passOver, sendPassing } from "./passing.ts";
import { settleOrphans } from "./resume.ts";
import { headObject } from "./store.ts";

/** What a pass over a compressed archive brought. */
export interface Streamed {
  readonly files: readonly ManifestFile[];
  readonly parameters: number;
  readonly sha256: string;
  readonly leftOut: readonly string[];
}

/** A file that was found to be another one only after it had passed: it is sent in one more pass. */
const mostPasses = 2;

/**
 * Uploads the files of a compressed archive while it passes, each part from memory. Unfinished uploads are continued, files that are there are
 * compared while they pass. A bad file stops the run before that file is committed; without a manifest nothing of it can be deployed.
 */
export async function uploadStream(
  work: ModelWork,
  content: StreamContent,
  strip: Strip,
  engine: Engine,
): Promise<Streamed> {
  const again = new Set<string>();
  for (let pass = 1; ; pass += 1) {
    const { streamed, differing } = await onePass(work, content, strip, engine, again);
    if (differing.length === 0) return streamed;
    if (pass === mostPasses) throw unstable(work.model.source.label);
    for (const path of differing) again.add(path);
  }
}

async function onePass(
  work: ModelWork,
  content: StreamContent,
  strip: Strip,
  engine: Engine,
  again: ReadonlySet<string>,
): Promise<{ readonly streamed: Streamed; readonly differing: readonly string[] }> {
  const { model } = work;
  const { store, progress } = engine;
  const lint = new PassingLint();
  const seen: { path: string; folder: boolean }[] = [];
  const sending: Promise<ManifestFile>[] = [];
  const differing: string[] = [];
  const there = new Map(model.objects.map((object) => [object.path, object]));
  const open = await settleOrphans(store, model.prefix.key, { sent: "all", copied: new Set() });
  const destination = destinationOf(strip, model.source.label);
  for await (const file of content.files(store.ctx.signal)) {
    seen.push({ path: file.path, folder: false });
    const path = destination(file.path);
    if (path === undefined) continue;
    const passing: PassingFile = { ...file, path, data: lint.watch(path, file) };
    const key = model.prefix.key + path;
    const found = there.get(path);
    progress.expect(file.size);
    const object = found?.size === file.size && !again.has(path) ? await headObject(store, key) : undefined;
    if (object?.checksum?.algorithm === "CRC32") {
      if (crc32.base64(await passOver(passing)) !== object.checksum.value) differing.push(path);
      else {
        progress.add(file.size, false);
        sending.push(Promise.resolve({ path, size: file.size, etag: object.etag, checksum: object.checksum }));
      }
      continue;
    }
    const target = { path, key, size: file.size, found, open: open.get(key) };
    sending.push((await sendPassing(passing, target, engine)).entry);
  }
  const files = await Promise.all(sending);
  const { leftOut } = layOut(seen, strip, model.source.label, Buffer.byteLength(model.prefix.key));
  const { parameters } = lint.finish();
  return { streamed: { files, parameters, sha256: content.sha256(), leftOut }, differing };
}

function unstable(label: string): UserError {
  return new UserError("CHECKPOINT_SOURCE_CHANGED", {
    happened: `${label} gave other bytes when it was read again.`,
    next: "Wait until whoever writes it has finished, then run again.",
  });
}
