import type { Result, Side } from "./run.ts";

const column = 480;
const margin = 20;
const names = 186;
const bar = 11;
const step = 17;
const heading = 22;
const gap = 12;
const top = 64;
/** Longest bar, in times of eks-deploy; what is longer is cut, and its number says how long it is. */
const widest = 6;
/** Pixels of one time of eks-deploy. */
const scale = (column - names - 64) / widest;

/**
 * A bar for every peer of every row: how many times longer than eks-deploy it took, with its spread; marks where a goal is. Two columns; it has its
 * own ground, and follows the reader's light or dark mode (https://developer.mozilla.org/docs/Web/CSS/@media/prefers-color-scheme).
 */
export function plotOf(results: readonly Result[]): string {
  const groups = results
    .map((result) => ({ result, peers: result.sides.filter(({ kind, ratio }) => kind === "peer" && ratio) }))
    .filter(({ peers }) => peers.length > 0);
  const heights = groups.map(({ peers }) => heading + peers.length * step + gap);
  const split = splitOf(heights);
  const lines: string[] = [];
  const ends = [top, top];
  for (const [index, { result, peers }] of groups.entries()) {
    const side = index < split ? 0 : 1;
    const x = margin + side * (column + margin);
    lines.push(...groupOf(result.row.label, peers, x, ends[side]!));
    ends[side]! += heights[index]!;
  }
  const height = Math.max(...ends) + 4;
  const width = split < groups.length ? 3 * margin + 2 * column : 2 * margin + column;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Time of the peers, in times of eks-deploy">`,
    `<style>${style}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    text(margin, 26, "Time that others take, in times of eks-deploy", 'class="title"'),
    text(
      margin,
      46,
      "1x, the dashed line: as long as eks-deploy. Longer bars are slower. Thin line: all pairs. Notch: the goal.",
      'class="hint"',
    ),
    ...lines,
    "</svg>",
  ].join("\n")}\n`;
}

const style = [
  "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}",
  ".title{font-size:15px;font-weight:600}.hint{fill:#59636e}.label{font-weight:600}",
  ".ground{fill:#ffffff;stroke:#d1d9e0}.slower{fill:#3b7dd8}.faster{fill:#c9772b}",
  ".spread{stroke:#1f2328;stroke-opacity:.65}.goal{stroke:#1a7f37;stroke-width:2}.one{stroke:#818b98;stroke-dasharray:3 3}",
  "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.hint{fill:#9198a1}.ground{fill:#0d1117;stroke:#3d444d}",
  ".slower{fill:#4c8fe6}.faster{fill:#d98f45}.spread{stroke:#e6edf3}.goal{stroke:#3fb950}.one{stroke:#6e7681}}",
].join("");

/** Groups of the first column, so that both are about as high. */
function splitOf(heights: readonly number[]): number {
  const half = heights.reduce((sum, height) => sum + height, 0) / 2;
  let sum = 0;
  for (const [index, height] of heights.entries()) {
    if (sum + height / 2 >= half) return index;
    sum += height;
  }
  return heights.length;
}

function groupOf(label: string, peers: readonly Side[], x: number, y: number): readonly string[] {
  const zero = x + names;
  const at = (value: number) => (zero + Math.min(widest, value) * scale).toFixed(1);
  const end = y + heading + peers.length * step - 4;
  return [
    text(x, y + 13, label, 'class="label"'),
    `<line class="one" x1="${at(1)}" x2="${at(1)}" y1="${y + heading - 3}" y2="${end}"/>`,
    ...peers.flatMap(({ name, ratio, goal }, index) => {
      const { median, least, most } = ratio!;
      const line = y + heading + index * step;
      const middle = line + bar / 2;
      const right = Math.max(Number(at(median)), Number(at(most)), goal === undefined ? 0 : Number(at(goal)));
      return [
        text(zero - 8, line + 10, name, 'text-anchor="end"'),
        `<rect class="${median < 1 ? "faster" : "slower"}" x="${zero}" y="${line}" width="${(Number(at(median)) - zero).toFixed(1)}" height="${bar}" rx="1.5"/>`,
        `<line class="spread" x1="${at(least)}" x2="${at(most)}" y1="${middle}" y2="${middle}"/>`,
        ...(goal === undefined
          ? []
          : [`<line class="goal" x1="${at(goal)}" x2="${at(goal)}" y1="${line - 2}" y2="${line + bar + 2}"/>`]),
        text(right + 6, line + 10, `${median.toFixed(median < 1 ? 2 : 1)}x`),
      ];
    }),
  ];
}

function text(x: number, y: number, words: string, more = ""): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${Number(x.toFixed(1))}" y="${y}"${more ? ` ${more}` : ""}>${escaped}</text>`;
}
