import type { EksDeployError } from "../errors.ts";
import type { Outcome } from "./action.ts";
import { type Change, isUnknown, type Known } from "./plan.ts";
import { type Block, inline } from "./summary.ts";

/** A value for a table: shortened digests, unknowns by their reason. */
export function shown(value: Known<string> | undefined): string {
  if (value === undefined) return "";
  if (isUnknown(value)) return `unknown: ${value.unknown}`;
  return value.replaceAll(
    /\b(sha256:)?([0-9a-f]{64})\b/g,
    (_, prefix: string | undefined, hex: string) => `${prefix ?? ""}${hex.slice(0, 12)}`,
  );
}

/** One line per change, for the log. */
export function changeLine(change: Change): string {
  const values =
    change.from === undefined
      ? shown(change.to)
      : `${shown(change.from)} -> ${change.to === undefined ? "gone" : shown(change.to)}`;
  const line = `${change.verb.padEnd(8)} ${change.kind} ${change.name}${values ? `  ${values}` : ""}  (${change.reason})`;
  return line.replaceAll("\n", "; ");
}

/** The table of changes, the same for all actions. */
export function changesBlock(changes: readonly Change[], dryRun: boolean): Block {
  if (changes.length === 0) return { kind: "text", text: "Nothing to change: what is there is what is wanted." };
  const rows = changes.map((change) => [
    change.verb,
    change.kind,
    `\`${change.name}\``,
    shown(change.from),
    shown(change.to),
    change.reason,
  ]);
  const table: Block = { kind: "table", head: ["", "kind", "name", "from", "to", "why"], rows };
  const title = `${count(changes.length, "change")}${dryRun ? " planned" : ""}`;
  return changes.length > 12 ? { kind: "details", title, blocks: [table] } : table;
}

/** A failure as a person wants to read it. */
export function failureBlock(failure: EksDeployError): Block {
  const lines = [`**${failure.code}** ${inline(failure.happened)}`, "", ...inline(failure.next).split("\n")];
  return {
    kind: "text",
    text: ["> [!CAUTION]", ...lines.flatMap((line) => line.split("\n")).map((line) => `> ${line}`)].join("\n"),
  };
}

const marks: Readonly<Record<Outcome, string>> = {
  done: "✅",
  failed: "❌",
  cancelled: "⏹️",
  superseded: "⏭️",
  skipped: "⏸️",
};

/** The summary's first lines. */
export function headlineBlock(action: string, outcome: Outcome, headline: string): readonly Block[] {
  return [
    { kind: "heading", text: `${marks[outcome]} ${action}` },
    { kind: "text", text: inline(headline) },
  ];
}

/** `1 change`, `2 changes`. */
export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

/** Bytes for people: `1.5 GiB`. */
export function size(bytes: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${names[unit]}`;
}

/** A duration for people: `850 ms`, `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function time(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10_000) return `${(milliseconds / 1_000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
