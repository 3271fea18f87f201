import type { Event } from "../action/context.ts";

type PhaseEvent = Extract<Event, { kind: "phase" }>;

/** A phase that a subject leaves sooner is not worth a line (milliseconds). */
const worthTelling = 1_000;

/** Phases as lines: what lasts, and every last one; subjects that share a phase share a line (`laguna-m, point: downloading`). */
export class Phases {
  private readonly held = new Map<string, PhaseEvent>();
  private readonly say: (line: string) => void;
  private timer: NodeJS.Timeout | undefined;

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  take(event: PhaseEvent): void {
    if (this.held.get(event.subject)?.last) this.tell();
    this.held.set(event.subject, event);
    this.timer ??= setTimeout(() => this.tell(), worthTelling).unref();
  }

  /** Tells the last phases that are still held; those that go on have not lasted yet. */
  finish(): void {
    for (const [subject, event] of this.held) if (!event.last) this.held.delete(subject);
    this.tell();
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const lines = new Map<string, string[]>();
    for (const { subject, phase, detail } of this.held.values()) {
      const text = `${phase}${detail ? ` (${detail})` : ""}`;
      lines.set(text, [...(lines.get(text) ?? []), subject]);
    }
    this.held.clear();
    for (const [text, subjects] of lines) this.say(`${subjects.join(", ")}: ${text}`);
  }
}
