import { join } from "node:path";
import { type Measured, measure, type Spread, spreadOf } from "./measure.ts";
import { isEnough, isWarmUp, quickTolerance, type RoundPlan } from "./rounds.ts";
import type { Contender, Row } from "./row.ts";
import type { World } from "./world.ts";

/** What came of one side of a row. */
export interface Side {
  readonly name: string;
  readonly kind: Contender["kind"];
  readonly goal: number | undefined;
  readonly wall: Spread;
  readonly cpu: Spread;
  /** Seconds of all processors that anything used meanwhile. */
  readonly machine: Spread;
  /** Seconds of work as the program itself tells them. */
  readonly work: Spread | undefined;
  /** Greatest of all runs, bytes. */
  readonly memory: number;
  readonly written: number;
  /** Requests of its last run, where the servers count them. */
  readonly requests: number | undefined;
  /** How many times longer than the product it took, round by round; absent for the product itself. */
  readonly ratio: Spread | undefined;
}

/** What came of a row. */
export interface Result {
  readonly row: Pick<Row, "id" | "title" | "label" | "work" | "memory">;
  readonly rounds: number;
  readonly sides: readonly Side[];
}

/** One run, as it was measured. */
export interface Sample {
  readonly measured: Measured;
  readonly work: number | undefined;
  readonly requests: number | undefined;
}

/** Runs all sides of a row in turn, as often as its verdict needs; fails where two sides did not do the same work. */
export async function runRow(row: Row, world: World, plan: RoundPlan): Promise<Result> {
  const contenders = contendersOf(row, world.quick);
  const judged = contenders.some(({ goal }) => goal !== undefined);
  const rounds = world.quick && !judged ? { least: 1, most: 1 } : plan;
  const samples: Sample[][] = contenders.map(() => []);
  const same = new Sameness();
  for (let round = 0; ; round += 1) {
    const begun = performance.now();
    for (const [at, contender] of contenders.entries())
      if (samples[at]!.length < (contender.most ?? Number.POSITIVE_INFINITY))
        samples[at]!.push(await runOnce(row, contender, world, same));
    const warm = !world.quick && isWarmUp(round, (performance.now() - begun) / 1_000);
    if (warm) for (const own of samples) own.length = 0;
    const sides = contenders.map((contender, at) => sideOf(contender, samples[at]!, samples[0]!));
    const verdicts = sides.flatMap(({ ratio, goal }) =>
      ratio && goal ? [{ ratio, line: world.quick ? goal * (1 - quickTolerance) : goal }] : [],
    );
    if (!warm && isEnough(samples[0]!.length, rounds, verdicts)) return { row, rounds: samples[0]!.length, sides };
  }
}

/** A quick run leaves out what has no goal, unless nothing has: then it shows that the row runs. */
export function contendersOf({ contenders }: Row, quick: boolean): readonly Contender[] {
  const judged = contenders.filter(({ kind, goal }) => kind === "product" || goal !== undefined);
  if (!quick) return contenders;
  return judged.length > 1 ? judged : contenders.filter(({ kind }) => kind !== "limit");
}

async function runOnce(row: Row, contender: Contender, world: World, same: Sameness): Promise<Sample> {
  await row.before();
  const { command, seconds, clean } = await contender.command();
  try {
    const measured = await measure(world.peers.server, command, join(world.folder, "last.log"));
    const requests = await row.requests?.();
    if (contender.kind !== "limit") same.hold(contender.name, await row.outcome(contender.kind));
    return { measured, work: seconds?.(), requests };
  } catch (error) {
    throw new Error(`${contender.name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    clean();
  }
}

/** Figures of one side. Pairs are of the same round; `ours` are the product's runs. */
export function sideOf({ name, kind, goal }: Contender, own: readonly Sample[], ours: readonly Sample[]): Side {
  const of = (value: (run: Measured) => number) =>
    own.length === 0 ? [0] : own.map(({ measured }) => value(measured));
  const works = own.flatMap(({ work }) => (work === undefined ? [] : [work]));
  const ratios = own.map(({ measured }, at) => measured.wall / ours[at]!.measured.wall);
  return {
    name,
    kind,
    goal,
    wall: spreadOf(of(({ wall }) => wall)),
    cpu: spreadOf(of(({ cpu }) => cpu)),
    machine: spreadOf(of(({ machine }) => machine)),
    work: works.length > 0 ? spreadOf(works) : undefined,
    memory: Math.max(...of(({ memory }) => memory)),
    written: Math.max(...of(({ written }) => written)),
    requests: own.at(-1)?.requests,
    ratio: kind === "product" || ratios.length === 0 ? undefined : spreadOf(ratios),
  };
}

/** Readies second runs: what `contender` brings stands from the first time on, and only what a run asks for is counted anew. `below`: `<bucket>/<prefix>` that every run fills anew. */
export function standing(contender: Contender, world: World, below = ""): () => Promise<void> {
  let ready: Promise<void> | undefined;
  const bring = async () => {
    await world.reset();
    const { command, clean } = await contender.command();
    await measure(world.peers.server, command, join(world.folder, "last.log")).finally(clean);
  };
  return async () => {
    ready ??= bring();
    await ready;
    await world.resetCounts(below);
  };
}

/** Holds what every side left against what the first one left. */
export class Sameness {
  private first: { readonly name: string; readonly outcome: string } | undefined;

  hold(name: string, outcome: string): void {
    this.first ??= { name, outcome };
    if (outcome === this.first.outcome) return;
    throw new Error(`${name} did other work than ${this.first.name}:\n${differing(this.first.outcome, outcome)}`);
  }
}

function differing(expected: string, found: string): string {
  const [a, b] = [new Set(expected.split("\n")), new Set(found.split("\n"))];
  const missing = [...a].filter((one) => !b.has(one)).slice(0, 3);
  const extra = [...b].filter((one) => !a.has(one)).slice(0, 3);
  return [...missing.map((one) => `- ${one}`), ...extra.map((one) => `+ ${one}`)].join("\n");
}
