import { marked } from "marked";
import { escaped, ganttHtml } from "./gantt.ts";

/** Job summaries as one HTML page that looks as GitHub shows them and needs nothing from elsewhere. */
export function summaryPage(title: string, summaries: readonly string[]): string {
  const body = summaries.map((markdown) => `<article>${html(markdown)}</article>`).join("\n");
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style></head>\n<body><h1>${escaped(title)}</h1>\n${body}\n</body></html>\n`;
}

function html(markdown: string): string {
  const alerts = markdown.replaceAll(
    /^> \[!(\w+)\]$/gm,
    (_, kind: string) => `> **${kind[0]}${kind.slice(1).toLowerCase()}**`,
  );
  const text = marked.parse(alerts, { gfm: true, async: false });
  return text.replaceAll(/<pre><code class="language-mermaid">([\s\S]*?)<\/code><\/pre>/g, (_, code: string) =>
    ganttHtml(unescaped(code)),
  );
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

const style = `
body { font: 15px/1.5 -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: #1f2328; max-width: 1080px; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #d1d9e0; border-radius: 6px; padding: 0 1.5rem 1rem; margin: 1.5rem 0 }
table { border-collapse: collapse; margin: .6rem 0; display: block; overflow-x: auto } th, td { border: 1px solid #d1d9e0; padding: .3rem .7rem; text-align: left; vertical-align: top }
th { background: #f6f8fa } tr:nth-child(even) td { background: #f6f8fa }
code { background: #eff1f3; border-radius: 4px; padding: .1em .35em; font: 85% ui-monospace, monospace } pre { background: #f6f8fa; border-radius: 6px; padding: .8rem; overflow-x: auto } pre code { background: none; padding: 0 }
blockquote { border-left: .25rem solid #cf222e; margin: .6rem 0; padding: 0 1rem; color: #59636e } summary { cursor: pointer; font-weight: 600; margin: .5rem 0 }
.gantt .row { display: flex; align-items: center; height: 1.9rem } .who { width: 11rem; font-size: 13px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap } .lane { position: relative; flex: 1; height: 1.4rem; background: #f6f8fa; border-radius: 3px }
.lane b { position: absolute; top: 0; bottom: 0; border-radius: 3px; font: 11px/1.4rem sans-serif; color: #fff; padding: 0 .3rem; overflow: hidden; white-space: nowrap; box-sizing: border-box }
.axis { background: none; display: flex; justify-content: space-between; font-size: 12px; color: #59636e } .hue0 { background: #0969da } .hue1 { background: #8250df } .hue2 { background: #1a7f37 } .hue3 { background: #bf8700 } .hue4 { background: #cf222e }
`;
