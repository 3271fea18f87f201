/** A piece of a job summary; rendered as GitHub's markdown. */
export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      readonly rows: readonly (readonly string[])[];
      readonly right?: readonly number[];
    }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "diagram"; readonly mermaid: string }
  | { readonly kind: "details"; readonly title: string; readonly open?: boolean; readonly blocks: readonly Block[] };

/** GitHub drops a step's summary beyond 1 MiB; we cut before that and say so. */
export const summaryLimit = 1_048_576 - 4_096;

/** The blocks as markdown, never longer than `limit` bytes: what is left out is named at the end. */
export function renderSummary(blocks: readonly Block[], limit = summaryLimit): string {
  let text = "";
  let left = limit;
  for (const [index, block] of blocks.entries()) {
    const piece = `${renderBlock(block)}\n\n`;
    const bytes = Buffer.byteLength(piece);
    if (bytes > left) {
      const rest = blocks.length - index;
      return `${text}> The summary was cut here: ${rest} more ${rest === 1 ? "part is" : "parts are"} in the report file.\n`;
    }
    text += piece;
    left -= bytes;
  }
  return text;
}

function renderBlock(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `## ${inline(block.text)}`;
    case "text":
      return block.text;
    case "table":
      return renderTable(block.head, block.rows, block.right ?? []);
    case "code":
      return fenced(block.language, block.text);
    case "diagram":
      return fenced("mermaid", block.mermaid);
    case "details":
      return `<details${block.open ? " open" : ""}><summary>${inline(block.title)}</summary>\n\n${block.blocks.map(renderBlock).join("\n\n")}\n\n</details>`;
  }
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const rule = `| ${head.map((_, column) => (right.includes(column) ? "---:" : "---")).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return inline(text).replaceAll("|", "\\|").replaceAll(/\r?\n/g, "<br>");
}

/** Foreign text in a summary is text: no tags, no images that would call home. Back-quoted code stays. */
export function inline(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("![", "!\\[");
}

function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}
