import { outcomeOf } from "../e2e/tools/run.ts";

/** A network that a slow route stands for. */
export interface Network {
  /** Round trip, milliseconds. */
  readonly trip: number;
  /** Megabytes a second of one connection, in each direction. */
  readonly rate: number;
  /** Megabytes a second of all connections together, in each direction: 1,250 are 10 Gb/s. */
  readonly total: number;
}

export const registryNetwork: Network = { trip: 40, rate: 60, total: 1_250 };
export const bucketNetwork: Network = { trip: 30, rate: 50, total: 1_250 };

/** What a known sender found of a network: the program of the servers itself, with one connection, nothing to sign and nothing to sum. */
export interface Probed extends Network {
  readonly name: string;
  /** Milliseconds of an empty request on an open connection, the least of five. */
  readonly foundTrip: number;
  /** Megabytes a second of one long request. */
  readonly foundRate: number;
}

/** How far a network may be from what it stands for; the machine's own noise stays below it. */
export const probeTolerance = 0.15;

/** Holds a slow route against a known sender; a network that is not what it says would make every ratio on it worthless. */
export async function probe(
  server: string,
  name: string,
  url: string,
  network: Network,
  authority: string,
): Promise<Probed> {
  let found: Probed | undefined;
  // What else runs on the machine can only slow a sender down, so one good try of three is enough.
  for (let attempt = 0; attempt < 3 && !(found && isAsSaid(found)); attempt += 1) {
    const { status, stdout, stderr } = await outcomeOf(server, ["probe", "-to", url, "-authority", authority]);
    if (status !== 0) throw new Error(`the network before ${name} does not answer: ${stderr.trim()}`);
    const { trip, rate } = JSON.parse(stdout) as { trip: number; rate: number };
    found = { name, ...network, foundTrip: trip, foundRate: rate };
  }
  if (found && isAsSaid(found)) return found;
  throw new Error(
    `the network before ${name} is not what it stands for: ${found!.foundTrip.toFixed(1)} ms and ${found!.foundRate.toFixed(1)} MB/s, not ${network.trip} ms and ${network.rate} MB/s`,
  );
}

/** Whether a known sender found the network as it is meant to be. */
export function isAsSaid({ trip, rate, foundTrip, foundRate }: Probed): boolean {
  return Math.abs(foundTrip / trip - 1) <= probeTolerance && Math.abs(foundRate / rate - 1) <= probeTolerance;
}
