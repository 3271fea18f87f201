import type { Event } from "./context.ts";
import type { Block } from "./summary.ts";

/** A stretch of time that a subject spent in a phase; milliseconds since the action began. */
export interface Span {
  readonly subject: string;
  readonly phase: string;
  readonly from: number;
  to: number;
}

/** Collects phase events into spans. */
export class Timeline {
  readonly spans: Span[] = [];
  private readonly open = new Map<string, Span>();
  private readonly now: () => number;

  /** `now` gives milliseconds since the action began. */
  constructor(now: () => number) {
    this.now = now;
  }

  take(event: Event): void {
    if (event.kind !== "phase") return;
    const before = this.open.get(event.subject);
    if (before?.phase === event.phase && !event.last) return;
    if (before) before.to = this.now();
    this.open.delete(event.subject);
    if (event.last) return;
    const span = { subject: event.subject, phase: event.phase, from: this.now(), to: this.now() };
    this.open.set(event.subject, span);
    this.spans.push(span);
  }

  /** Ends every open span. */
  finish(): readonly Span[] {
    for (const span of this.open.values()) span.to = this.now();
    this.open.clear();
    return this.spans;
  }
}

/** A gantt picture of where time was spent; nothing when that is under two seconds or one phase. */
export function timelineBlock(spans: readonly Span[]): readonly Block[] {
  const long = spans.filter((span) => span.to - span.from >= 100);
  const end = Math.max(0, ...long.map((span) => span.to));
  if (long.length < 2 || end < 2_000) return [];
  const lines = ["gantt", "  dateFormat x", "  axisFormat %M:%S"];
  for (const subject of new Set(long.map((span) => span.subject))) {
    lines.push(`  section ${plain(subject)}`);
    for (const span of long.filter((item) => item.subject === subject)) {
      lines.push(`  ${plain(span.phase)} :${Math.round(span.from)}, ${Math.round(span.to)}`);
    }
  }
  return [
    {
      kind: "details",
      title: "Where the time went",
      open: true,
      blocks: [{ kind: "diagram", mermaid: lines.join("\n") }],
    },
  ];
}

/** Mermaid reads `:`, `;`, `#` and `,` as syntax. */
function plain(text: string): string {
  return text.replaceAll(/[:;#,\n]/g, " ").trim() || "-";
}
