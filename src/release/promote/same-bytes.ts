import type { Block } from "../../action/summary.ts";
import { InternalError } from "../../errors.ts";
import type { ReleaseRecord } from "../../record/record.ts";
import { provenBytes } from "../make-record.ts";

/** One thing that was proven there and is used here. */
export interface Pair {
  /** `image atlas`, `checkpoint point`, `chart`. */
  readonly what: string;
  readonly there: string;
  readonly here: string;
  /** Digest on both sides: of the image's manifest, of the checkpoint's files with their checksums, of the chart's archive. */
  readonly digest: string;
}

/** What both sides hold, by digest. What the target would use instead of proven bytes is refused (`RELEASE_PROMOTE_BYTES`). Pure. */
export function sameBytes(record: ReleaseRecord, outputs: Readonly<Record<string, unknown>>): readonly Pair[] {
  const own = provenBytes(outputs);
  const pairs: Pair[] = [];
  const pair = (what: string, there: string, here: string, proven: string, used: string | undefined) => {
    if (proven !== used) throw differing(what, there, here, proven, used);
    pairs.push({ what, there, here, digest: proven });
  };
  for (const [name, image] of Object.entries(own.images)) {
    const proven = record.images[name];
    const there = `${record.account}/${proven?.repository ?? "?"}:${proven?.tag ?? "?"}`;
    pair(`image ${name}`, there, `${image.repository}:${image.tag}`, proven?.digest ?? "none", image.digest);
  }
  for (const [key, checkpoint] of Object.entries(own.checkpoints)) {
    const proven = record.checkpoints[key];
    // A prefix that somebody else fills has no manifest, on either side: the user vouches for it.
    if (!proven?.manifest || !checkpoint.manifest) continue;
    pair(`checkpoint ${key}`, proven.prefix, checkpoint.prefix, proven.manifest, checkpoint.manifest);
  }
  pair("chart", record.chart.place, own.chart.place, record.chart.sha256, own.chart.sha256);
  return pairs;
}

function differing(what: string, there: string, here: string, proven: string, used: string | undefined): InternalError {
  return new InternalError("RELEASE_PROMOTE_BYTES", {
    happened: `${what}: ${there} was proven as ${proven}; ${here} would be ${used ?? "unknown"}.`,
    next: "Nothing is promoted that was not proven. If the spec of the target names a prefix of its own, its bytes must be the same.",
  });
}

/** The proof, as a table. */
export function sameBytesBlock(pairs: readonly Pair[], from: string, to: string, done: boolean): Block {
  const rows = pairs.map(({ what, there, here, digest }) => [what, there, here, `\`${digest}\``]);
  const table: Block = { kind: "table", head: ["", from, to, "digest on both sides"], rows };
  return {
    kind: "details",
    title: done ? "Proof: both sides hold the same bytes" : "Bytes that move",
    open: true,
    blocks: [table],
  };
}
