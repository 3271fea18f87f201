import { stripVTControlCharacters } from "node:util";
import type { Block } from "../action/summary.ts";

/** A table is not drawn wider than this, however wide the terminal is told to be. */
const widest = 200;
/** A column is not made narrower than this. */
const narrowest = 12;

/** Blocks of a summary as plain text: tables in columns, details unfolded, no pictures. */
export function terminalText(blocks: readonly Block[], columns: number): string {
  const width = Math.min(columns, widest);
  return blocks
    .map((block) => textOf(block, width))
    .filter((text) => text !== "")
    .join("\n\n");
}

function textOf(block: Block, width: number): string {
  switch (block.kind) {
    case "heading":
      return block.text;
    case "text":
      return wrap(block.text.replaceAll("**", "").replaceAll("`", ""), width).join("\n");
    case "table":
      return tableText(block.head, block.rows, block.right ?? [], width);
    case "code":
      return block.text.trimEnd();
    case "diagram":
      return "";
    case "details": {
      const body = terminalText(block.blocks, width);
      return body === "" ? "" : `${block.title}\n\n${body}`;
    }
  }
}

function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  width: number,
): string {
  const cells = [head, ...rows].map((row) => row.map((text) => text.replaceAll("`", "")));
  const widths = fitted(
    head.map((_, column) => Math.max(...cells.map((row) => longestLine(row[column] ?? "")))),
    width - 2 * (head.length - 1),
  );
  return cells.map((row) => rowText(row, widths, right)).join("\n");
}

/** Takes from the widest column until all fit, or none can give more. */
function fitted(wanted: readonly number[], width: number): readonly number[] {
  const widths = [...wanted];
  for (;;) {
    const over = widths.reduce((sum, each) => sum + each, 0) - width;
    const most = Math.max(...widths);
    if (over <= 0 || most <= narrowest) return widths;
    const second = Math.max(narrowest, ...widths.filter((each) => each < most));
    const sharing = widths.filter((each) => each === most).length;
    const less = Math.max(1, Math.min(most - second, Math.ceil(over / sharing)));
    for (const [index, each] of widths.entries()) if (each === most) widths[index] = Math.max(narrowest, each - less);
  }
}

function rowText(row: readonly string[], widths: readonly number[], right: readonly number[]): string {
  const wrapped = widths.map((width, column) => wrap(row[column] ?? "", width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) =>
    widths
      .map((width, column) => {
        const text = wrapped[column]?.[at] ?? "";
        const gap = " ".repeat(Math.max(0, width - shownLength(text)));
        return right.includes(column) ? gap + text : text + gap;
      })
      .join("  ")
      .trimEnd(),
  ).join("\n");
}

/** Lines of at most `width` characters, broken at spaces where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const lines: string[] = [];
    let rest = line;
    while (shownLength(rest) > width) {
      const space = rest.lastIndexOf(" ", width);
      const at = space > 0 ? space : width;
      lines.push(rest.slice(0, at));
      rest = rest.slice(at).trimStart();
    }
    return [...lines, rest];
  });
}

function longestLine(text: string): number {
  return Math.max(...text.split("\n").map(shownLength));
}

/** Most of the marks that we use take two places. */
function shownLength(text: string): number {
  const plain = stripVTControlCharacters(text);
  return plain.length + (plain.match(/[✅❌📝]/gu)?.length ?? 0);
}
