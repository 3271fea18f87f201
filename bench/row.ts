import type { Command } from "./measure.ts";
import type { ServerState, World } from "./world.ts";

/** One side of a row. */
export interface Contender {
  readonly name: string;
  /** `limit`: not the same work, but what bounds it (one connection, hashing alone). */
  readonly kind: "product" | "peer" | "limit";
  /** The product must be at least so many times faster. */
  readonly goal?: number;
  /** Readies one run, outside of its time. */
  command(): Promise<Run>;
}

/** One run of a contender. */
export interface Run {
  readonly command: Command;
  /** Seconds of work as the program itself tells them. */
  seconds?(): number;
  /** Removes what the run left on the disk. */
  clean(): void;
}

/** A question that the benchmark answers. */
export interface Row {
  readonly id: string;
  readonly title: string;
  /** Most seconds of work, where that is the goal; and most bytes of resident memory of the product. */
  readonly work?: number;
  readonly memory: number;
  readonly contenders: readonly Contender[];
  /** Readies the servers before each run. */
  before(): Promise<void>;
  /** What the servers have to show for a run; must be the same for all but limits. */
  outcome(kind: Contender["kind"]): Promise<string>;
  /** Why a goal is missed where it is; measured. */
  readonly limits?: string;
}

/** What a run asked for that changes something, if anything did. Some peers write a manifest again that is there already. */
export function writesOf({ requests }: ServerState, kind: Contender["kind"]): string {
  return Object.entries(requests)
    .filter(([call]) => /POST|PUT|PATCH|Put|Create|UploadPart|CompleteM|Copy|Delete/.test(call))
    .filter(([call]) => kind === "product" || call !== "manifest PUT")
    .map(([call, times]) => `${times} ${call}`)
    .sort()
    .join(", ");
}

/** Makes a row, its data included. */
export type RowMaker = (world: World) => Promise<Row>;

/** What a push left: every blob with its size and sample, every tag. */
export function pushedOf({ repositories }: ServerState): string {
  const lines = Object.entries(repositories).flatMap(([name, { blobs, tags }]) => [
    ...Object.entries(blobs).map(([digest, { size, sample }]) => `${name} ${digest} ${size} ${sample}`),
    ...Object.entries(tags).map(([tag, digest]) => `${name}:${tag} ${digest}`),
  ]);
  return lines.sort().join("\n");
}

/** What an upload left: every object with its size and sample, but for our own manifest. */
export function uploadedOf({ objects }: ServerState): string {
  const lines = Object.entries(objects)
    .filter(([key]) => !key.includes("/.eks-deploy/"))
    .map(([key, { size, sample }]) => `${key} ${size} ${sample}`);
  return lines.sort().join("\n");
}
