import { stripVTControlCharacters } from "node:util";
import type { Context } from "../action/context.ts";
import { type Cluster, query } from "./cluster.ts";
import { ApiFailure } from "./failures.ts";
import { pathOf, pods } from "./resources.ts";
import { lines } from "./wire.ts";

/** Which log of which container. */
export interface LogPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The run before the current one: what a crash left behind. */
  readonly previous?: boolean;
}

/** A line of a log is cut here; a dump of weights in one line helps nobody. */
const longestLine = 2_000;
/** A log that is silent for longer than this is asked for anew. */
const silence = 60_000;

/** The last `count` lines, without colours; none where the container has not run yet or the pod is gone. */
export async function logTail(
  cluster: Cluster,
  place: LogPlace,
  count: number,
  ctx: Context,
): Promise<readonly string[]> {
  const target = `${pathOf(pods, { namespace: place.namespace, name: place.pod })}/log?${query(
    {},
    { container: place.container, tailLines: count, previous: place.previous ?? false, limitBytes: 1_000_000 },
  )}`;
  const told: string[] = [];
  try {
    const answer = await cluster
      .within(ctx)
      .stream(target, `reading the log of ${place.pod}/${place.container}`, ctx.signal, silence);
    for await (const line of lines(answer as AsyncIterable<Buffer>))
      told.push(stripVTControlCharacters(line).slice(0, longestLine));
  } catch (thrown) {
    // 400: the container waits to start; 404: the pod has gone. Neither has a log.
    if (thrown instanceof ApiFailure && (thrown.status === 400 || thrown.status === 404)) return [];
    throw thrown;
  }
  return told.slice(-count);
}
