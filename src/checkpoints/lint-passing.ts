import type { PassingFile } from "./content.ts";
import { type Linted, lintedOf, refuseEmpty, refuseLongIndex } from "./lint.ts";
import { headerLength, lengthBytes, readTensors, type Tensors } from "./safetensors.ts";
import { checkShards, checkWeightIndex, isWeightIndex } from "./weight-map.ts";

/** The lint of files that pass once: headers are judged as soon as they have passed, indexes when all files have. */
export class PassingLint {
  private readonly tensors = new Map<string, Tensors>();
  private readonly indexes = new Map<string, string>();

  /**
   * The file's data, with what the lint needs of it looked at in passing. Throws `SAFETENSORS_INVALID` before the data behind a bad header is given,
   * and `CHECKPOINT_FILE_EMPTY`.
   */
  watch(path: string, file: PassingFile): AsyncIterable<Uint8Array> {
    refuseEmpty(path, file.size);
    if (path.endsWith(".safetensors")) return this.watchHeader(path, file);
    return isWeightIndex(path) ? this.keepIndex(path, file) : file.data;
  }

  /** What was learnt. Throws `CHECKPOINT_INDEX_INCOMPLETE`. */
  finish(): Linted {
    for (const [path, text] of this.indexes) checkWeightIndex(path, text, this.tensors);
    checkShards(this.tensors.keys(), this.indexes.keys());
    return lintedOf(this.tensors);
  }

  private async *watchHeader(path: string, file: PassingFile): AsyncGenerator<Uint8Array, void, undefined> {
    let start: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of file.data) {
      if (start) {
        start = Buffer.concat([start, chunk]);
        if (this.judge(path, start, file.size)) start = undefined;
      }
      yield chunk;
    }
    if (start) headerLength(start, file.size, path);
  }

  /** Whether the header was whole, and has been judged. */
  private judge(path: string, start: Buffer, size: number): boolean {
    if (start.length < lengthBytes) return false;
    const length = headerLength(start.subarray(0, lengthBytes), size, path);
    if (start.length < lengthBytes + length) return false;
    this.tensors.set(path, readTensors(start.subarray(lengthBytes, lengthBytes + length), size, path));
    return true;
  }

  private async *keepIndex(path: string, file: PassingFile): AsyncGenerator<Uint8Array, void, undefined> {
    refuseLongIndex(file.size, path);
    const parts: Buffer[] = [];
    for await (const chunk of file.data) {
      parts.push(Buffer.from(chunk));
      yield chunk;
    }
    this.indexes.set(path, Buffer.concat(parts).toString("utf8"));
  }
}
