/** Bytes of an object, in the chunks in which they came: never joined, so a multipart object shares its parts' chunks. */
export interface Content {
  readonly size: number;
  /** Bytes `from` (inclusive) to `to` (exclusive). Throws when they were not kept. */
  slice(from: number, to: number): readonly Buffer[];
}

export class Bytes implements Content {
  readonly size: number;
  private readonly chunks: readonly Buffer[];

  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks;
    this.size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  slice(from: number, to: number): readonly Buffer[] {
    const slices: Buffer[] = [];
    let at = 0;
    for (const chunk of this.chunks) {
      if (at >= to) break;
      if (at + chunk.length > from) slices.push(chunk.subarray(Math.max(0, from - at), to - at));
      at += chunk.length;
    }
    return slices;
  }
}

/** Several contents, one after the other. */
export class Joined implements Content {
  readonly size: number;
  private readonly parts: readonly Content[];

  constructor(parts: readonly Content[]) {
    this.parts = parts;
    this.size = parts.reduce((sum, part) => sum + part.size, 0);
  }

  slice(from: number, to: number): readonly Buffer[] {
    const slices: Buffer[] = [];
    let at = 0;
    for (const part of this.parts) {
      if (at >= to) break;
      if (at + part.size > from) slices.push(...part.slice(Math.max(0, from - at), Math.min(part.size, to - at)));
      at += part.size;
    }
    return slices;
  }
}

/** The same bytes again and again, to any size: an object that is larger than the memory. */
export class Repeating implements Content {
  readonly size: number;
  private readonly period: Buffer;

  constructor(period: Buffer, size: number) {
    this.period = period;
    this.size = size;
  }

  slice(from: number, to: number): readonly Buffer[] {
    const { length } = this.period;
    const slices: Buffer[] = [];
    for (let at = from; at < to; ) {
      const start = at % length;
      const piece = this.period.subarray(start, Math.min(length, start + to - at));
      slices.push(piece);
      at += piece.length;
    }
    return slices;
  }
}

/** Bytes that passed and were not kept: a server for benchmarks. */
export class Discarded implements Content {
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  slice(from: number, to: number): readonly Buffer[] {
    if (from >= to) return [];
    throw new Error("this sandbox keeps sizes and checksums only (discard), so the bytes cannot be read");
  }
}
