/** One event of a server-sent event stream: the joined `data:` lines. */
export interface StreamEvent {
  readonly data: string;
}

/**
 * Reads a stream of server-sent events however it was cut: in mid-character, between CR and LF, inside a field.
 * Comments (pings) and other fields than `data` are passed over. https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventReader {
  private readonly decoder = new TextDecoder();
  private rest = "";
  private data: string[] = [];
  private first = true;

  /** The events that this chunk completes. */
  push(chunk: Uint8Array): readonly StreamEvent[] {
    return this.take(this.decoder.decode(chunk, { stream: true }));
  }

  /** Events that are complete at the end of the body. An event without its empty line is dropped, as the standard says. */
  end(): readonly StreamEvent[] {
    const events = this.take(`${this.decoder.decode()}${this.rest.endsWith("\r") ? "\n" : ""}`);
    this.data = [];
    this.rest = "";
    return events;
  }

  private take(text: string): readonly StreamEvent[] {
    this.rest += text;
    if (this.first && this.rest.length > 0) {
      this.rest = this.rest.replace(/^\ufeff/, "");
      this.first = false;
    }
    const events: StreamEvent[] = [];
    for (;;) {
      const match = /\r\n|\n|\r(?!$)/.exec(this.rest);
      if (!match) return events;
      const line = this.rest.slice(0, match.index);
      this.rest = this.rest.slice(match.index + match[0].length);
      const event = this.line(line);
      if (event) events.push(event);
    }
  }

  private line(line: string): StreamEvent | undefined {
    if (line === "") {
      const complete = this.data.length > 0 ? { data: this.data.join("\n") } : undefined;
      this.data = [];
      return complete;
    }
    const mark = line.indexOf(":");
    const field = mark < 0 ? line : line.slice(0, mark);
    if (field === "data") this.data.push(mark < 0 ? "" : line.slice(mark + 1).replace(/^ /, ""));
    return undefined;
  }
}
