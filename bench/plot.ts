import type { Result } from "./run.ts";

const width = 860;
const left = 300;
const bar = 18;
const gap = 14;
const widest = 8;

/** A bar for every peer of every row: how many times longer than eks-deploy it took, with its spread; a mark where the goal is. */
export function plotOf(results: readonly Result[]): string {
  const scale = (width - left - 80) / widest;
  const lines: string[] = [];
  let y = 40;
  const text = (x: number, at: number, words: string, more = "") =>
    lines.push(`<text x="${x}" y="${at}" ${more}>${escaped(words)}</text>`);
  for (const { row, sides } of results) {
    text(16, y + 13, row.title, 'font-weight="bold"');
    y += bar + 6;
    for (const { name, kind, ratio, goal } of sides) {
      if (!ratio || kind === "limit") continue;
      const length = Math.min(widest, ratio.median) * scale;
      const spread = [ratio.least, ratio.most].map((value) => left + Math.min(widest, value) * scale);
      text(left - 8, y + 13, name, 'text-anchor="end"');
      lines.push(`<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar - 4}" fill="#4f7cac"/>`);
      lines.push(
        `<line x1="${spread[0]!.toFixed(1)}" x2="${spread[1]!.toFixed(1)}" y1="${y + 7}" y2="${y + 7}" stroke="#1b2a3a"/>`,
      );
      if (goal !== undefined) {
        const x = (left + Math.min(widest, goal) * scale).toFixed(1);
        lines.push(`<line x1="${x}" x2="${x}" y1="${y - 2}" y2="${y + bar - 2}" stroke="#c0392b" stroke-width="2"/>`);
      }
      text(Math.max(left + length, spread[1]!) + 6, y + 13, `${ratio.median.toFixed(1)}x`);
      y += bar;
    }
    y += gap;
  }
  const one = left + scale;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 10}" viewBox="0 0 ${width} ${y + 10}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${y + 10}" fill="#ffffff"/>`,
    `<text x="16" y="22" font-size="14">Time of the peers, in times of eks-deploy (longer is slower); red: goal; dashed: as fast as eks-deploy</text>`,
    `<line x1="${one}" x2="${one}" y1="32" y2="${y}" stroke="#888888" stroke-dasharray="4 3"/>`,
    ...lines,
    "</svg>",
  ].join("\n")}\n`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("`", "");
}
