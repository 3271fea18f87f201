/** A mermaid gantt (`dateFormat x`, sections, `name :from, to`) as HTML bars, for a page that loads nothing from elsewhere. */
export function ganttHtml(mermaid: string): string {
  const bars: { section: string; name: string; from: number; to: number }[] = [];
  let section = "";
  for (const line of mermaid.split("\n").map((text) => text.trim())) {
    if (line.startsWith("section ")) section = line.slice(8);
    const match = /^(.+?) :(\d+), (\d+)$/.exec(line);
    if (match) bars.push({ section, name: match[1]!, from: Number(match[2]), to: Number(match[3]) });
  }
  const end = Math.max(1, ...bars.map((bar) => bar.to));
  const rows = [...new Set(bars.map((bar) => bar.section))].map((name) => {
    const spans = bars.filter((bar) => bar.section === name).map((bar, index) => span(bar, end, index));
    return `<div class="row"><span class="who">${escaped(name)}</span><span class="lane">${spans.join("")}</span></div>`;
  });
  return `<div class="gantt">${rows.join("")}<div class="row"><span class="who"></span><span class="lane axis"><i>0 s</i><i>${(end / 1_000).toFixed(1)} s</i></span></div></div>`;
}

function span(bar: { name: string; from: number; to: number }, end: number, index: number): string {
  const left = (bar.from / end) * 100;
  const width = Math.max(0.4, ((bar.to - bar.from) / end) * 100);
  const title = `${bar.name}: ${((bar.to - bar.from) / 1_000).toFixed(1)} s`;
  return `<b class="hue${index % 5}" style="left:${left.toFixed(2)}%;width:${width.toFixed(2)}%" title="${escaped(title)}">${width > 9 ? escaped(bar.name) : ""}</b>`;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
