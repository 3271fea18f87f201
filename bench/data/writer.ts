import { createCipheriv, createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { header } from "../../sandbox/sample/tar.ts";

const piece = 8 * 1_048_576;
const zeros = Buffer.alloc(piece);

/** Bytes that look random and are the same for the same seed, piece by piece; a piece is valid until the next one is asked for. */
export function* noisePieces(seed: string, size: number): Generator<Buffer> {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  for (let at = 0; at < size; at += piece) yield cipher.update(zeros.subarray(0, Math.min(piece, size - at)));
}

/** A tar that is written to a file member by member, so that its size does not matter. */
export class TarFile {
  private readonly file: number;
  private at = 0;

  constructor(path: string) {
    this.file = openSync(path, "w");
  }

  add(path: string, content: Buffer): void {
    this.stream(content.length, [content], () => path);
  }

  folder(path: string): void {
    this.at += writeSync(this.file, header({ path }, 0), 0, 512, this.at);
  }

  /** A member whose name may follow from its content. */
  stream(size: number, pieces: Iterable<Buffer>, name: () => string): void {
    const start = this.at;
    this.at += 512;
    for (const bytes of pieces) this.at += writeSync(this.file, bytes, 0, bytes.length, this.at);
    writeSync(this.file, header({ path: name(), content: true }, size), 0, 512, start);
    this.pad();
  }

  /** A member of nothing but zeros that take no place on the disk. */
  hole(path: string, start: Buffer, size: number): void {
    writeSync(this.file, header({ path, content: true }, size), 0, 512, this.at);
    writeSync(this.file, start, 0, start.length, this.at + 512);
    this.at += 512 + size;
    this.pad();
  }

  close(): void {
    writeSync(this.file, Buffer.alloc(1_024), 0, 1_024, this.at);
    closeSync(this.file);
  }

  private pad(): void {
    const rest = (512 - (this.at % 512)) % 512;
    if (rest > 0) this.at += writeSync(this.file, Buffer.alloc(rest), 0, rest, this.at);
  }
}
