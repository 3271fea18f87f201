import type { Crc } from "../../bytes/crc.ts";
import { InternalError } from "../../errors.ts";
import type { ManifestFile } from "../../facts/manifest.ts";
import type { PassingFile } from "../content.ts";
import { partSizeFor, partsOf, smallestPart } from "../parts.ts";
import { putObject, type SentPart, type Target, uploadPart } from "./bodies.ts";
import { type Engine, runOn } from "./engine.ts";
import { entryOf, finishUpload } from "./file.ts";
import { createUpload } from "./multipart.ts";
import { UploadLost } from "./problems.ts";
import { openResumable } from "./resume.ts";
import type { OpenUpload } from "./store.ts";

/** The smallest parts: as many as possible are then under way within the budget. */
const usualPart = smallestPart;

/** Where a passing file goes, and what an earlier run left of it. */
export interface PassingTarget extends Target {
  readonly path: string;
  readonly open: OpenUpload | undefined;
}

/**
 * Fills one buffer after the other from a file that passes, and sends each as a part; waits while the budget is in use. Resolves once the last byte
 * has passed; `entry` once S3 has committed the file.
 */
export async function sendPassing(file: PassingFile, target: PassingTarget, engine: Engine): Promise<Sending> {
  const partSize = partSizeFor(file.size, engine.partSize ?? usualPart, target.path);
  const fill = filler(file.data);
  const send = file.size <= partSize ? sendWhole : sendParts;
  const sending = await send(target, partSize, fill, engine);
  sending.entry.catch(() => {});
  return sending;
}

interface Sending {
  readonly entry: Promise<ManifestFile>;
}

async function sendWhole(target: PassingTarget, _partSize: number, fill: Fill, engine: Engine): Promise<Sending> {
  const { store, queue, progress } = engine;
  const loan = await store.buffers.acquire(target.size, store.ctx.signal);
  await fill(loan.bytes);
  const send = async () => {
    const { crc, etag } = await runOn(queue)(target.size, (turn) => putObject(store, target, loan.bytes, turn));
    progress.add(target.size, true);
    return entryOf(target, etag, crc);
  };
  return { entry: send().finally(loan.release) };
}

async function sendParts(target: PassingTarget, partSize: number, fill: Fill, engine: Engine): Promise<Sending> {
  const { store, queue, progress } = engine;
  const run = runOn(queue);
  const parts = partsOf(target.size, partSize);
  const { open } = target;
  const resumable = open && (await run(target.size, () => openResumable(store, open, parts)));
  const id = resumable?.id ?? (await run(target.size, () => createUpload(store, target.key)));
  const sending: Promise<SentPart>[] = [];
  for (const part of parts) {
    const loan = await store.buffers.acquire(part.size, store.ctx.signal);
    await fill(loan.bytes);
    const held = resumable?.parts.get(part.number);
    const send = async () => {
      const sent = await run(target.size, (turn) => uploadPart(store, target, id, part, loan.bytes, held, turn));
      progress.add(part.size, sent.sent);
      return sent;
    };
    const sent = send().finally(loan.release);
    sent.catch(() => {});
    sending.push(sent);
  }
  return { entry: finish(target, id, sending, parts, engine) };
}

/** What passed cannot be sent again in this pass: a lost upload ends the run, and the next one begins the file anew. */
async function finish(
  target: PassingTarget,
  id: string,
  sending: readonly Promise<SentPart>[],
  parts: ReturnType<typeof partsOf>,
  engine: Engine,
): Promise<ManifestFile> {
  try {
    return await finishUpload(target, id, parts, await Promise.all(sending), engine.store, runOn(engine.queue));
  } catch (thrown) {
    throw thrown instanceof UploadLost ? thrown.failure : thrown;
  }
}

type Fill = (into: Uint8Array) => Promise<void>;

/** Fills buffers one after the other from chunks of any size. */
function filler(data: AsyncIterable<Uint8Array>): Fill {
  const chunks = data[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  return async (into) => {
    for (let at = 0; at < into.length; ) {
      if (rest.length === 0) rest = await nextChunk(chunks);
      const piece = rest.subarray(0, into.length - at);
      into.set(piece, at);
      rest = rest.subarray(piece.length);
      at += piece.length;
    }
  };
}

async function nextChunk(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const { done, value } = await chunks.next();
  if (!done) return value;
  throw new InternalError("INTERNAL", {
    happened: "A file of an archive gave fewer bytes than its header says.",
    next: "Please report it with the log of this run.",
  });
}

/** The CRC of a file that only passes. */
export async function passOver(file: PassingFile, crc: Crc): Promise<bigint> {
  let value = crc.empty;
  for await (const chunk of file.data) value = crc.update(chunk, value);
  return value;
}
