import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

/** What a program prints, kept in a file until it can be read in one piece: of two that print at once nobody can tell which says what. */
export interface Output {
  /** To be the program's standard output and error. */
  readonly descriptor: number;
  /** The last line so far that is not empty; `""`: there is none. */
  last(): string;
  /** All of it; the file is removed. */
  take(): string;
}

export function keepOutput(file: string): Output {
  const descriptor = openSync(file, "a");
  const text = () => readFileSync(file, "utf8");
  return {
    descriptor,
    last: () => stripVTControlCharacters(text()).trim().split("\n").at(-1)!.trim(),
    take() {
      closeSync(descriptor);
      const all = text();
      rmSync(file);
      return all;
    },
  };
}
