import type { Command } from "./measure.ts";
import type { ServerState, World } from "./world.ts";

/** One side of a row. */
export interface Contender {
  readonly name: string;
  /** `limit`: not the same work, but what bounds it (plain senders, hashing alone). */
  readonly kind: "product" | "peer" | "limit";
  /** The product must be at least so many times faster. */
  readonly goal?: number;
  /** Runs at most, where one more would only cost time: a limit that hardly varies. */
  readonly most?: number;
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
  /** The title in a few words, for the plot. */
  readonly label: string;
  /** Most seconds of work, where that is the goal. */
  readonly work?: number;
  /** Most bytes of resident memory of the product. */
  readonly memory: number;
  /** The product is the first. */
  readonly contenders: readonly Contender[];
  /** Readies the servers before each run. */
  before(): Promise<void>;
  /** What the servers have to show for a run; must be the same for all but limits. */
  outcome(kind: Contender["kind"]): Promise<string>;
  /** Requests that the servers counted in the last run, where they count. */
  requests?(): Promise<number>;
  /** Lets go of what the row alone needed. */
  close?(): Promise<void>;
}

/** Makes a row, its data included. */
export type RowMaker = (world: World) => Promise<Row>;

/** Resident memory that the product may have, whatever the size, bytes. */
export const memoryGoal = 200 * 1_048_576;

/** What the same of a row is over the servers that discard: what counts requests. */
export function countedBy(world: World): Pick<Row, "requests"> {
  return {
    requests: async () => Object.values((await world.state()).requests).reduce((sum, times) => sum + times, 0),
  };
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

/** What a push left: every blob with its size and sample, every tag. */
export function pushedOf({ repositories }: ServerState): string {
  const lines = Object.entries(repositories).flatMap(([name, { blobs, tags }]) => [
    ...Object.entries(blobs).map(([digest, { size, sample }]) => `${name} ${digest} ${size} ${sample}`),
    ...Object.entries(tags).map(([tag, digest]) => `${name}:${tag} ${digest}`),
  ]);
  return arrived(lines);
}

/** What an upload left: every object with its size and sample, but for our own manifest. `below`: only those of this `<bucket>/<prefix>`. */
export function uploadedOf({ objects }: ServerState, below = ""): string {
  const lines = Object.entries(objects)
    .filter(([key]) => key.startsWith(below) && !key.includes("/.eks-deploy/"))
    .map(([key, { size, sample }]) => `${key} ${size} ${sample}`);
  return arrived(lines);
}

/** Sides that all left nothing would be equal, too. */
function arrived(lines: readonly string[]): string {
  if (lines.length === 0) throw new Error("nothing arrived at the servers");
  return lines.toSorted().join("\n");
}

/** Bytes for a title: `1.6 GB`, `20 KB`. */
export function bytesOf(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "KB"];
  return `${Number((bytes / unit).toPrecision(2)).toLocaleString("en-US")} ${name}`;
}
