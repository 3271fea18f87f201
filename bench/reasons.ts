import { bytesText, percent, seconds } from "./figures.ts";
import type { Miss } from "./goals.ts";
import type { Result, Side } from "./run.ts";

/** What of the whole run is needed to say why a row missed a goal. */
export interface Grounds {
  readonly processors: number;
  /** Resident bytes of the product in the run that had least to do. */
  readonly restingMemory: number;
}

/** Above this part of their time the processors count as all busy: the rest is the waking of threads. */
const allBusy = 0.85;

/**
 * Why the goals were missed, from nothing but what was measured beside them: what a goal leaves in seconds, where the product's own went, how busy
 * the processors were and with what, and how long the limits of the row take.
 */
export function reasonsOf(result: Result, misses: readonly Miss[], grounds: Grounds): readonly string[] {
  const own = result.sides[0]!;
  const timely = misses.filter(({ kind }) => kind === "ratio" || kind === "work");
  return [
    ...(timely.length === 0 ? [] : [timeOf(own), processorsOf(own, grounds.processors)]),
    ...misses.flatMap((miss) => (miss.kind === "ratio" ? [leftBy(miss.side, own, result.sides)] : [])),
    ...misses.flatMap((miss) => (miss.kind === "memory" ? [memoryOf(own, grounds)] : [])),
  ];
}

function timeOf({ wall, work, cpu, requests }: Side): string {
  const start = work
    ? `, of which ${seconds(Math.max(0, wall.median - work.median))} are the start and the end of the process`
    : "";
  const asked = requests === undefined ? "" : `, made ${requests.toLocaleString("en-US")} requests`;
  return `eks-deploy took ${seconds(wall.median)}${start}${asked} and used ${seconds(cpu.median)} of processor time.`;
}

function processorsOf({ wall, cpu, machine }: Side, processors: number): string {
  const busy = machine.median / (wall.median * processors);
  const others = Math.max(0, machine.median - cpu.median);
  const said = `Meanwhile the ${processors} processors were busy for ${percent(Math.min(1, busy))} of the time, ${seconds(others)} of it with the servers and whatever else ran`;
  if (busy >= allBusy) return `${said}: processor time is what it waits for.`;
  const own = cpu.median / wall.median;
  if (own >= allBusy)
    return `${said}: its threads computed on ${own.toFixed(1)} processors at once, and what one of them gives is what it waits for.`;
  return `${said}: for the rest it waited for answers, or for its connections.`;
}

/** What a goal leaves to the product, beside how long the limits take. */
function leftBy(side: Side, own: Side, sides: readonly Side[]): string {
  const left = side.wall.median / side.goal!;
  const limits = sides
    .filter(({ kind, name }) => kind === "limit" && name !== side.name)
    .map(({ name, wall }) => `${name} ${seconds(wall.median)}`);
  const beside = limits.length === 0 ? "" : `; limits: ${limits.join(", ")}`;
  const used = side.kind === "limit" ? "" : ` with ${seconds(side.cpu.median)} of processor time`;
  return `${side.name} took ${seconds(side.wall.median)}${used}, so its goal leaves ${seconds(left)}, of which eks-deploy's processor time alone is ${percent(own.cpu.median / left)}${beside}.`;
}

function memoryOf(own: Side, { restingMemory }: Grounds): string {
  return `Of its ${bytesText(own.memory)}, ${bytesText(Math.min(own.memory, restingMemory))} were resident in the run that had least to do.`;
}
