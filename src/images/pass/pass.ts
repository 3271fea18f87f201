import type { Piece, StreamBundle } from "../../bundle/bundle.ts";
import type { Chart } from "../../bundle/chart.ts";
import { ChartPieces } from "../../bundle/chart-pieces.ts";
import { type Extraction, refuseLargePart } from "../../bundle/extract.ts";
import type { ArchiveName } from "../../bundle/names.ts";
import { collect } from "../../bundle/whole.ts";
import { runningSha256 } from "../../bytes/digest.ts";

/** What one pass over a compressed bundle saw beside its images. */
export interface Passed {
  readonly chart: Chart | undefined;
  /** SHA-256 of the compressed bytes, hex, where it was asked for. */
  readonly sha256: string | undefined;
}

export interface PassOptions {
  readonly signal: AbortSignal;
  readonly hash: boolean;
  readonly extraction: Extraction | undefined;
  /** Hears how many bytes of the compressed bundle were read so far. */
  onRead(bytes: number): void;
  /** Takes an image archive; what it leaves unread is skipped. */
  archive(name: ArchiveName, members: Extract<Piece, { kind: "archive" }>["members"]): Promise<void>;
}

/** Reads the bundle once from its first byte to its last: archives are handed on, charts gathered, small parts extracted. */
export async function passBundle(bundle: StreamBundle, options: PassOptions): Promise<Passed> {
  const { signal, extraction } = options;
  const digest = options.hash ? runningSha256() : undefined;
  const charts = new ChartPieces(bundle.label);
  let read = 0;
  const hear = (chunk: Uint8Array) => {
    digest?.update(chunk);
    read += chunk.length;
    options.onRead(read);
  };
  for await (const piece of bundle.pass(signal, hear)) {
    if (piece.root !== undefined) await extraction?.rootIs(piece.root);
    if (piece.kind === "archive") {
      await options.archive(piece.name, piece.members);
      continue;
    }
    if (piece.kind === "part" && !extraction) continue;
    const { member, data } = piece.passing;
    refuseLargePart(member.path, member.size);
    if (piece.kind === "chart") charts.admit(piece.below, member.size);
    extraction?.admit(member.path, member.size);
    const content = await collect(data);
    if (piece.kind === "chart") charts.add(piece.below, content);
    await extraction?.write(piece.path, content, member.mode);
  }
  await extraction?.rootIs("");
  return { chart: await charts.chart(), sha256: digest?.hex() };
}
