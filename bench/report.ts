import { cpus, totalmem } from "node:os";
import type { Figure } from "./alone.ts";
import { bytesText, number, percent } from "./figures.ts";
import { diskNoise, missesOf } from "./goals.ts";
import { type Probed, probeTolerance } from "./networks.ts";
import { type Grounds, reasonsOf } from "./reasons.ts";
import type { Result } from "./run.ts";

/** All that a run found. */
export interface Findings {
  readonly results: readonly Result[];
  readonly figures: readonly Figure[];
  /** Rows that did not come to their end. */
  readonly failures: readonly { readonly id: string; readonly text: string }[];
  readonly versions: Readonly<Record<string, string>>;
  readonly networks: readonly Probed[];
  readonly quick: boolean;
  /** The machine's load average at the start: above the number of processors, others took part of them. */
  readonly load: number;
  readonly processors: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What the reasons of all rows need. */
export function groundsOf({ results, processors }: Findings): Grounds {
  return { processors, restingMemory: Math.min(...results.map(({ sides }) => sides[0]!.memory)) };
}

/** docs/performance.md. */
export function reportOf(found: Findings): string {
  const { results, figures, failures } = found;
  return `${[
    ...head(found),
    "",
    "## Side by side",
    ...results.flatMap((result) => ["", ...sectionOf(result, groundsOf(found))]),
    ...(figures.length === 0 ? [] : ["", "## eks-deploy alone", "", ...figureTable(figures)]),
    ...(failures.length === 0 ? [] : ["", "## Did not come to their end", "", ...failures.map(failureLine)]),
  ].join("\n")}\n`;
}

function head({ versions, quick, load, processors, networks, at }: Findings): readonly string[] {
  const model = cpus()[0]?.model.trim();
  const busy = load > processors ? ", so **others used the machine**: ratios are of a busy machine" : "";
  return [
    "# Performance",
    "",
    "Written by `npm run bench`; nothing here is written by hand. Look at the ratios: they were measured side by side, in turn, on the same servers, and each is the",
    "middle of the pairs with the least and the greatest. Absolute times are those of one machine.",
    "",
    `- ${new Date(at).toISOString().slice(0, 10)}; ${processors} processors (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB; load average before the first run ${load.toFixed(1)}${busy}${quick ? "; a **quick** run, with less data" : ""}`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    "",
    "![Time of the peers against eks-deploy](performance.svg)",
    "",
    "## How to run it",
    "",
    "```bash",
    "npm run bench                        # all rows; writes this page and the plot",
    "npm run bench -- archive bundle      # some rows; --help names them",
    "npm run bench -- --quick             # less data, three rounds; fails when a ratio falls a quarter below its goal",
    "```",
    "",
    "The peers and the servers are installed into `~/.cache/eks-deploy/e2e`, under names that change with their content. Go, Python 3, curl, tar, OpenSSL and Debian's `apt-get` must be there; the data",
    "needs 10 GB below the temporary folder. A row that fails is told at the end, and the others keep their figures.",
    "",
    "## How to read it",
    "",
    "- All servers are on loopback. Those that discard keep the size, a sample and the beginning of what they get: equally strict and equally cheap for every side. After every run it is compared that",
    "  all sides left the same: blobs by digest and size, tags, objects by key, size and sample; on versitygw, objects by SHA-256.",
    "- The slow network is a proxy before the same servers: each connection has its own round trip and rate, and all together 10 Gb/s. ECR's and STS's own calls, which no peer makes, are not slowed.",
    ...networks.map(
      ({ name, trip, rate, foundTrip, foundRate }) =>
        `  A known sender found ${foundTrip.toFixed(1)} ms and ${foundRate.toFixed(1)} MB/s a connection before ${name} (${trip} ms and ${rate} MB/s asked for); a run with a network more than ${percent(probeTolerance)} off ends at once.`,
    ),
    "- Peers have the options that their experts use: 32 requests at once and parts of 16 MiB for the aws cli and rclone, `--preserve-digests` for skopeo, whose memory of earlier pushes is removed",
    "  before each run. What cannot read a tar unpacks it first, and that is part of its time. eks-deploy runs as a runner starts it, with the start of its process, its sign-in and its own verification.",
    "- Rounds go in turn through all sides, as many as stand above each table (five or more, unless fewer were asked for); where pairs lie on both sides of a goal, there are more of them. A first round of less than 15 seconds is a warm-up.",
    "- CPU, memory (of the largest process) and bytes written to the disk are what the kernel accounted. `limit`: not the same work, but what bounds it.",
    "- A goal that was missed has the reason as it was measured in the same run.",
  ];
}

function sectionOf(result: Result, grounds: Grounds): readonly string[] {
  const { row, rounds, sides } = result;
  const misses = missesOf(result);
  return [
    `### ${row.title}`,
    "",
    `| ${rounds} rounds | seconds | CPU seconds | memory | disk | times eks-deploy | goal |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...sides.map(({ name, kind, wall, cpu, memory, written, ratio, goal, work }) =>
      tableRow([
        kind === "limit" ? `limit: ${name}` : name,
        `${number(wall.median)} (${number(wall.least)} to ${number(wall.most)})${work && row.work ? `, of it work ${number(work.median)}` : ""}`,
        number(cpu.median),
        bytesText(memory),
        written > diskNoise ? `${Math.round(written / 1e6).toLocaleString("en-US")} MB` : "0",
        ratio ? `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)})` : "",
        goal ? goal.toFixed(2) : kind === "product" && row.work ? `work ${row.work}` : "",
      ]),
    ),
    ...(misses.length === 0
      ? []
      : [
          "",
          `Missed: ${misses.map(({ text }) => text).join("; ")}.`,
          "",
          ...reasonsOf(result, misses, grounds).map((reason) => `- ${reason}`),
        ]),
  ];
}

function figureTable(figures: readonly Figure[]): readonly string[] {
  return [
    "| | seconds | CPU seconds | MB/s | memory | goal |",
    "| --- | --- | --- | --- | --- | --- |",
    ...figures.map(({ what, seconds, cpu, bytes, memory, goal, memoryGoal }) =>
      tableRow([
        what,
        number(seconds),
        cpu === undefined ? "" : number(cpu),
        bytes === undefined ? "" : Math.round(bytes / 1e6 / seconds).toLocaleString("en-US"),
        memory === undefined ? "" : bytesText(memory),
        [
          ...(goal === undefined ? [] : [`${goal} s${seconds > goal ? " (missed)" : ""}`]),
          ...(memoryGoal === undefined ? [] : [`${bytesText(memoryGoal)}${memory! > memoryGoal ? " (missed)" : ""}`]),
        ].join(", "),
      ]),
    ),
  ];
}

function failureLine({ id, text }: { readonly id: string; readonly text: string }): string {
  return `- ${id}: ${text.split("\n")[0]}`;
}

function tableRow(cells: readonly string[]): string {
  return `|${cells.map((cell) => (cell === "" ? " " : ` ${cell.replaceAll("|", "\\|")} `)).join("|")}|`;
}
