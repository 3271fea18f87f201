import { InternalError } from "../errors.ts";
import type { Place, Source } from "./source.ts";

/** `size` bytes of `source` from `offset`, as a source of its own (a member of a tar). Closing it leaves `source` open. */
export function sliceOf(source: Source, offset: number, size: number, label: string): Source {
  if (offset < 0 || size < 0 || offset + size > source.size)
    throw new InternalError("INTERNAL", {
      happened: `Bytes ${offset} to ${offset + size} of ${source.label} were asked for, which has ${source.size}.`,
      next: "Please report it with the log of this run.",
    });
  return new Slice(source, offset, size, label);
}

/** An archive may have a hundred thousand of them: they hold no more than these fields. */
class Slice implements Source {
  readonly size: number;
  readonly label: string;
  private readonly source: Source;
  private readonly offset: number;

  constructor(source: Source, offset: number, size: number, label: string) {
    this.source = source;
    this.offset = offset;
    this.size = size;
    this.label = label;
  }

  get identity(): string {
    return `${this.source.identity}[${this.offset}+${this.size}]`;
  }

  place(): Place | undefined {
    const place = this.source.place?.();
    return place && { ...place, offset: place.offset + this.offset };
  }

  get stream(): Source["stream"] {
    if (!this.source.stream) return undefined;
    return (at, length, signal) =>
      this.source.stream!(this.offset + at, Math.max(0, Math.min(length, this.size - at)), signal);
  }

  async read(at: number, into: Uint8Array, signal?: AbortSignal): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.size - at));
    if (wanted === 0) return 0;
    return this.source.read(this.offset + at, into.subarray(0, wanted), signal);
  }

  async close(): Promise<void> {}
}
