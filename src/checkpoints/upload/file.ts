import { crc32 } from "../../bytes/crc.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import type { Turn } from "../../transfer/queue.ts";
import { type Part, partsOf } from "../parts.ts";
import { type PartBody, putObject, type SentPart, type Target, uploadPart } from "./bodies.ts";
import { completeUpload, createUpload } from "./multipart.ts";
import { otherChecksum, race, UploadLost } from "./problems.ts";
import { openResumable, type Resumable } from "./resume.ts";
import { abortUpload, confirmedObject, type OpenUpload, type Store } from "./store.ts";
import { inWindow } from "./window.ts";

/** A file may lose its upload (aborted by somebody, refused at the end); then it begins again, so often. */
const mostBeginnings = 3;

/** Runs pieces of work as connections become free, those of large files first. */
export type Run = <T>(weight: number, work: (turn: Turn) => Promise<T>) => Promise<T>;

/** One file to be uploaded, whatever its bytes come from. */
export interface Upload extends Target {
  readonly path: string;
  readonly partSize: number;
  /** An unfinished upload of an earlier run. */
  readonly open: OpenUpload | undefined;
  /** The body of a part; may be called again after a failure. */
  body(part: Part): PartBody;
  /** Hears of every part that is in S3: sent now, or found there. */
  onPart(part: Part, sent: boolean): void;
}

/** Uploads one file, whole or in parts (`window` of them at once at most), and gives what S3 confirmed. Errors: those of the bodies, `CHECKPOINT_RACE`, `CHECKPOINT_CHECKSUM`. */
export async function uploadFile(upload: Upload, store: Store, run: Run, window: number): Promise<ManifestFile> {
  const parts = partsOf(upload.size, upload.partSize);
  if (parts.length === 1) return uploadWhole(upload, parts[0]!, store, run);
  for (let beginning = 1; ; beginning += 1) {
    const resumable =
      beginning === 1 && upload.open
        ? await run(upload.size, () => openResumable(store, upload.open!, parts))
        : undefined;
    try {
      return await uploadParts(upload, parts, resumable, store, run, window);
    } catch (thrown) {
      if (!(thrown instanceof UploadLost)) throw thrown;
      if (beginning >= mostBeginnings) throw thrown.failure;
      store.ctx.log.debug(`${upload.path}: ${thrown.failure.happened} It begins again.`);
    }
  }
}

async function uploadWhole(upload: Upload, part: Part, store: Store, run: Run): Promise<ManifestFile> {
  const { crc, etag } = await run(upload.size, (turn) => putObject(store, upload, upload.body(part), turn));
  upload.onPart(part, true);
  return entryOf(upload, etag, crc);
}

async function uploadParts(
  upload: Upload,
  parts: readonly Part[],
  resumable: Resumable | undefined,
  store: Store,
  run: Run,
  window: number,
): Promise<ManifestFile> {
  const id = resumable?.id ?? (await run(upload.size, () => createUpload(store, upload.key)));
  const held = resumable?.parts;
  const send = (part: Part) =>
    run(upload.size, async (turn) => {
      const sent = await uploadPart(store, upload, id, part, upload.body(part), held?.get(part.number), turn);
      upload.onPart(part, sent.sent);
      return sent;
    });
  // A lost upload loses all its parts; any other failure is the one to tell.
  const sent = await inWindow(
    parts,
    window,
    send,
    (failed) => failed.find((reason) => !(reason instanceof UploadLost)) ?? failed[0],
  );
  return finishUpload(upload, id, parts, sent, store, run);
}

/** Completes an upload whose parts are all there, and gives what S3 committed. A refusal of the parts is `UploadLost`. */
export async function finishUpload(
  target: Target & { readonly path: string },
  id: string,
  parts: readonly Part[],
  sent: readonly SentPart[],
  store: Store,
  run: Run,
): Promise<ManifestFile> {
  const crc = sent.reduce((sum, part, index) => crc32.combine(sum, part.crc, parts[index]!.size), crc32.empty);
  return run(target.size, async () => {
    const whole = crc32.base64(crc);
    const completion = await completeUpload(store, target, id, sent, whole);
    if (typeof completion === "object") return entryOf(target, completion.etag, whole);
    const checksum = { algorithm: "CRC32", value: whole };
    const there = await confirmedObject(store, target.key, target.size, checksum);
    if (there) return entryOf(target, there.etag, whole);
    await abortUpload(store, target.key, id);
    const place = `s3://${store.bucket}/${target.key}`;
    if (completion === "condition") throw race(place);
    throw new UploadLost(otherChecksum(place));
  });
}

/** A file's entry in the manifest. */
export function entryOf(
  { path, size }: { readonly path: string; readonly size: number },
  etag: string,
  crc: string,
): ManifestFile {
  return { path, size, etag, checksum: { algorithm: "CRC32", value: crc } };
}
