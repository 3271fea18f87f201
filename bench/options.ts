import { parseArgs } from "node:util";

/** What `npm run bench -- ...` was asked for. */
export interface Options {
  /** Smaller data and only what has a goal; fails when a ratio falls a quarter below its goal. */
  readonly quick: boolean;
  /** Whether docs/performance.md and its plot are written: with all rows, or where it is asked for. */
  readonly write: boolean;
  /** Rounds of a row at least, and at most where its verdict is near the line. */
  readonly rounds: { readonly least: number; readonly most: number };
  /** Folder of the built product, where it is not this clone's. */
  readonly dist: string | undefined;
  /** Rows to run, in the order of the table; none: all, and the product alone. */
  readonly rows: readonly string[];
  readonly help: boolean;
}

/** What the command line can say that the benchmark does not understand. */
export class UsageError extends Error {}

export const usage = [
  "npm run bench -- [--quick] [--write] [--rounds=5] [--dist=<folder>] [row ...]",
  "",
  "  --quick          smaller data, three rounds; status 1 when a ratio falls a quarter below its goal",
  "  --write          write docs/performance.md and its plot, whatever was run; without it, only a full run does",
  "  --rounds=<n>     rounds of a row at least (5, quick 3)",
  "  --dist=<folder>  built product to run (dist)",
].join("\n");

/** Reads the command line. `known`: the names of all rows; `alone` is one for the product without peers. */
export function optionsOf(words: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parsed(words);
  const quick = values.quick ?? false;
  const unknown = positionals.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new UsageError(`There is no row ${unknown.join(", ")}. Rows: ${known.join(", ")}.`);
  const least = Number(values.rounds ?? (quick ? 3 : 5));
  if (!Number.isInteger(least) || least < 1) throw new UsageError(`--rounds=${values.rounds} is no number of rounds.`);
  return {
    quick,
    write: values.write ?? (!quick && positionals.length === 0),
    rounds: { least, most: quick ? least + 4 : least + 2 },
    dist: values.dist,
    rows: known.filter((id) => positionals.includes(id)),
    help: values.help ?? false,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        quick: { type: "boolean" },
        write: { type: "boolean" },
        help: { type: "boolean" },
        rounds: { type: "string" },
        dist: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}
