import { cpus, totalmem } from "node:os";
import type { Result, Side } from "./run.ts";
import type { Figure } from "./single.ts";

/** All that a run found. */
export interface Findings {
  readonly results: readonly Result[];
  readonly figures: readonly Figure[];
  readonly versions: Readonly<Record<string, string>>;
  readonly quick: boolean;
  /** The machine's load average at the start: above the number of processors, others took part of them. */
  readonly load: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** A goal that was not reached, as a sentence. */
export interface Miss {
  readonly id: string;
  readonly text: string;
}

const mebibyte = 1_048_576;
const most = 1e6;

/** Goals that a row misses; with `tolerance` 0.25 a ratio may be a quarter below its goal. Limits of time, which the machine makes, count only without a tolerance. */
export function missesOf({ row, sides }: Result, tolerance = 0): readonly Miss[] {
  const misses: string[] = [];
  for (const { name, goal, ratio } of sides)
    if (goal !== undefined && ratio!.median < goal * (1 - tolerance))
      misses.push(`${ratio!.median.toFixed(2)} times ${name}, where the goal is ${goal.toFixed(2)}`);
  const [own] = sides as readonly [Side, ...Side[]];
  if (tolerance === 0 && row.work !== undefined && own.work!.median > row.work)
    misses.push(`${seconds(own.work!.median)} of work, where the goal is ${seconds(row.work)}`);
  if (own.memory > row.memory * (1 + tolerance))
    misses.push(`${mib(own.memory)} of memory, where the goal is ${mib(row.memory)}`);
  if (own.written > most)
    misses.push(`${(own.written / 1e6).toFixed(1)} MB written to the disk, where the goal is none`);
  return misses.map((text) => ({ id: row.id, text }));
}

/** docs/performance.md. */
export function reportOf({ results, figures, versions, quick, load, at }: Findings): string {
  const cpu = cpus();
  return `${[
    "# Performance",
    "",
    "Written by `npm run bench`; nothing here is written by hand. Look at the ratios: they were measured side by side, in turn, on the same servers, and each is the",
    "middle of the pairs with the least and the greatest. Absolute times are those of one machine.",
    "",
    `- ${new Date(at).toISOString().slice(0, 10)}; ${cpu.length} processors (${cpu[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB; load average before the first run ${load.toFixed(1)}${load > cpu.length ? ", so **others used the machine**: ratios are of a busy machine" : ""}${quick ? "; **quick**: smaller data than the titles say" : ""}`,
    `- ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    "",
    "![Time of the peers against eks-deploy](performance.svg)",
    "",
    "## How",
    "",
    "- All servers are on loopback. Those that discard keep the size and a sample of what they get: equally strict and equally cheap for every side. After every run it is compared that all",
    "  sides left the same: blobs by digest and size, tags, objects by key, size and sample.",
    "- The slow network is a proxy before the same servers: each connection of its own has the round trip and the rate. ECR's and STS's own calls, which no peer makes, are not slowed.",
    "- Peers have the options that their experts use: 32 requests at once and parts of 16 MiB for the aws cli, `--preserve-digests` for skopeo, whose memory of earlier pushes is removed before",
    "  each run. What cannot read a tar unpacks it first, and that is part of its time. eks-deploy runs as a runner starts it, with the start of its process, its sign-in and its own verification.",
    "- CPU, memory (of the largest process) and bytes written to the disk are what the kernel accounted. `limit`: not the same work, but what bounds it.",
    "",
    "## Side by side",
    ...results.flatMap((result) => ["", ...sectionOf(result)]),
    ...(figures.length === 0 ? [] : ["", "## eks-deploy alone", "", ...figureTable(figures)]),
  ].join("\n")}\n`;
}

function sectionOf(result: Result): readonly string[] {
  const { row, rounds, sides } = result;
  const misses = missesOf(result);
  return [
    `### ${row.title}`,
    "",
    `| ${rounds} rounds | seconds | CPU seconds | memory | disk | times eks-deploy | goal |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...sides.map(({ name, kind, wall, cpu, memory, written, ratio, goal, work }) =>
      [
        "",
        kind === "limit" ? `limit: ${name}` : name,
        `${number(wall.median)} (${number(wall.least)} to ${number(wall.most)})${work && row.work ? `, of it work ${number(work.median)}` : ""}`,
        number(cpu.median),
        mib(memory),
        written > most ? `${Math.round(written / 1e6).toLocaleString("en-US")} MB` : "0",
        ratio ? `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)})` : "",
        goal ? goal.toFixed(2) : kind === "product" && row.work ? `work ${row.work}` : "",
        "",
      ]
        .join(" | ")
        .trim(),
    ),
    ...(misses.length === 0
      ? []
      : ["", `Missed: ${misses.map(({ text }) => text).join("; ")}.${row.limits ? ` ${row.limits}` : ""}`]),
  ];
}

function figureTable(figures: readonly Figure[]): readonly string[] {
  return [
    "| | seconds | memory | goal |",
    "| --- | --- | --- | --- |",
    ...figures.map(
      ({ what, seconds: value, memory, goal }) =>
        `| ${what} | ${number(value)} | ${memory === undefined ? "" : mib(memory)} | ${goal === undefined ? "" : `${goal}${value > goal ? " (missed)" : ""}`} |`,
    ),
  ];
}

function number(value: number): string {
  return value.toFixed(value < 1 ? 3 : 2);
}

function seconds(value: number): string {
  return `${number(value)} s`;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / mebibyte)} MiB`;
}
