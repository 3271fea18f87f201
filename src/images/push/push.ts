import { size, time } from "../../action/describe.ts";
import { Cancelled } from "../../errors.ts";
import { createQueue } from "../../transfer/queue.ts";
import type { Goal } from "../goal.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { BlobBody } from "../registry/blobs.ts";
import type { Wire } from "../registry/wire.ts";
import { putManifests, putTag, rootOf } from "./finish.ts";
import { Placement } from "./place.ts";
import { Progress } from "./progress.ts";
import { type Pushed, type PushResult, pushedOf } from "./pushed.ts";

/** What a push of several images works with. */
export interface PushMeans {
  readonly wire: Wire;
  /** Requests at once, over all images together. */
  readonly concurrency: number;
  /** Whether the account lets blobs be mounted. */
  readonly mounting: boolean;
  /** Repositories that were made a moment ago. */
  readonly empty: ReadonlySet<string>;
  /** A blob's bytes. */
  blob(goal: Goal, blob: Descriptor): BlobBody;
  /** Proves the source as a whole (`bundle-sha256`), beside the sending; no tag is written before it has. */
  readonly prove?: (signal: AbortSignal) => Promise<void>;
}

/** A goal whose contents are known. */
export type Full = Goal & { readonly oci: NonNullable<Goal["oci"]> };

/**
 * Pushes `goals` side by side. A blob that several images share is sent to the first of them and mounted into the others once that one is whole.
 * `standing` are images that are there already; their blobs can be mounted at once.
 * The first failure stops the rest; what was finished stays and is not sent again.
 */
export async function pushImages(
  goals: readonly Full[],
  standing: readonly Full[],
  means: PushMeans,
): Promise<PushResult> {
  const { ctx } = means.wire;
  const total = goals.reduce((sum, { oci }) => sum + oci.blobs.reduce((bytes, blob) => bytes + blob.size, 0), 0);
  const progress = new Progress(total, ctx);
  const queue = createQueue({ limit: means.concurrency, signal: ctx.signal });
  const placement = new Placement({ ...means, queue, progress });
  for (const { oci, repository } of [...standing, ...goals])
    for (const { digest } of oci.blobs) if (!placement.homes.has(digest)) placement.homes.set(digest, repository);
  const { prove } = means;
  const proven = prove ? queue.add(Number.MAX_SAFE_INTEGER, ({ signal }) => prove(signal)) : Promise.resolve();
  const running = goals.map((goal) => {
    const pushing = pushImage(goal, placement, means, proven);
    pushing.catch(() => {});
    placement.whole.set(goal.repository, pushing);
    return pushing;
  });
  const [images] = await allOrCause([allOrCause(running), proven.then(() => [])]);
  return { images: images ?? [], bytesUploaded: progress.uploaded };
}

async function pushImage(goal: Full, placement: Placement, means: PushMeans, proven: Promise<void>): Promise<Pushed> {
  const { ctx } = means.wire;
  const { oci, repository } = goal;
  const started = ctx.clock.now();
  ctx.emit({ kind: "phase", subject: goal.name, phase: "pushing" });
  const largestFirst = oci.blobs.toSorted((one, other) => other.size - one.size);
  const arrivals = await allOrCause(
    largestFirst.map(async (blob) => ({
      blob,
      how: await placement.place(repository, blob, () => means.blob(goal, blob), oci.archive),
    })),
  );
  const empty = placement.isEmpty(repository);
  await placement.turn((wire) => putManifests(wire, goal, oci.manifests, { empty }));
  await proven;
  await placement.turn((wire) => putTag(wire, goal, rootOf(goal, oci.manifests)));
  const pushed = pushedOf(goal.name, arrivals, ctx.clock.now() - started);
  ctx.emit({ kind: "phase", subject: goal.name, phase: "pushed", last: true });
  tellPushed(goal, pushed, ctx.log.info);
  return pushed;
}

/** One line per image that came to stand. */
export function tellPushed(goal: Goal, pushed: Pushed, info: (line: string) => void): void {
  info(
    `${goal.repository}:${goal.tag} is ${goal.digest}: ${size(pushed.bytesSent)} sent in ${time(pushed.seconds * 1_000)}; layers: ${pushed.sent} sent, ${pushed.mounted} mounted, ${pushed.present} present.`,
  );
}

/** Waits for all, so that nothing is under way when an error is told; then throws what failed, rather than what was stopped because of it. */
export async function allOrCause<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failures.length > 0) throw failures.find((failure) => !(failure instanceof Cancelled)) ?? failures[0];
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
