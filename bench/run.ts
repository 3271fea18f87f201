import { join } from "node:path";
import { type Measured, measure, type Spread, spreadOf } from "./measure.ts";
import type { Contender, Row } from "./row.ts";
import type { World } from "./world.ts";

/** What came of one side of a row. */
export interface Side {
  readonly name: string;
  readonly kind: Contender["kind"];
  readonly goal: number | undefined;
  readonly wall: Spread;
  readonly cpu: Spread;
  /** Seconds of work as the program itself tells them. */
  readonly work: Spread | undefined;
  /** Greatest of all runs, bytes. */
  readonly memory: number;
  readonly written: number;
  /** How many times longer than the product it took, run by run; absent for the product itself. */
  readonly ratio: Spread | undefined;
}

/** What came of a row. */
export interface Result {
  readonly row: Row;
  readonly rounds: number;
  readonly sides: readonly Side[];
}

/** Runs all sides of a row in turn, `rounds` times after a warm-up; fails where two sides did not do the same work. */
export async function runRow(row: Row, world: World, rounds: number): Promise<Result> {
  const runs = new Map<string, { readonly measured: Measured; readonly work: number | undefined }[]>();
  let expected: string | undefined;
  for (let round = 0; round <= rounds; round += 1) {
    for (const contender of row.contenders) {
      await row.before();
      const { command, seconds, clean } = await contender.command();
      try {
        const measured = await measure(world.peers.server, command, join(world.folder, "last.log"));
        if (contender.kind !== "limit") {
          const outcome = await row.outcome(contender.kind);
          expected ??= outcome;
          if (outcome !== expected)
            throw new Error(
              `${row.id}: ${contender.name} did other work than ${row.contenders[0]!.name}:\n${differing(expected, outcome)}`,
            );
        }
        if (round > 0) runs.set(contender.name, [...(runs.get(contender.name) ?? []), { measured, work: seconds?.() }]);
      } finally {
        clean();
      }
    }
  }
  const ours = runs.get(row.contenders[0]!.name)!;
  const sides = row.contenders.map(({ name, kind, goal }): Side => {
    const own = runs.get(name)!;
    const of = (value: (run: Measured) => number) => own.map(({ measured }) => value(measured));
    const works = own.flatMap(({ work }) => (work === undefined ? [] : [work]));
    return {
      name,
      kind,
      goal,
      wall: spreadOf(of(({ wall }) => wall)),
      cpu: spreadOf(of(({ cpu }) => cpu)),
      work: works.length > 0 ? spreadOf(works) : undefined,
      memory: Math.max(...of(({ memory }) => memory)),
      written: Math.max(...of(({ written }) => written)),
      ratio:
        kind === "product"
          ? undefined
          : spreadOf(own.map(({ measured }, at) => measured.wall / ours[at]!.measured.wall)),
    };
  });
  return { row, rounds, sides };
}

/** Readies second runs: what `contender` brings stands from the first time on, and only what a run asks for is counted anew. */
export function standing(contender: Contender, world: World): () => Promise<void> {
  let ready: Promise<void> | undefined;
  const bring = async () => {
    await world.reset();
    const { command, clean } = await contender.command();
    await measure(world.peers.server, command, join(world.folder, "last.log")).finally(clean);
  };
  return async () => {
    ready ??= bring();
    await ready;
    await world.resetCounts();
  };
}

function differing(expected: string, found: string): string {
  const [a, b] = [new Set(expected.split("\n")), new Set(found.split("\n"))];
  const missing = [...a].filter((one) => !b.has(one)).slice(0, 3);
  const extra = [...b].filter((one) => !a.has(one)).slice(0, 3);
  return [...missing.map((one) => `- ${one}`), ...extra.map((one) => `+ ${one}`)].join("\n");
}
