import { size, time } from "../../action/describe.ts";
import { Cancelled } from "../../errors.ts";
import { createQueue, type WorkQueue } from "../../transfer/queue.ts";
import type { Goal } from "../goal.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { type BlobBody, hasBlob, mountBlob, uploadBlob } from "../registry/blobs.ts";
import type { Wire } from "../registry/wire.ts";
import { putManifests, putTag, rootOf } from "./finish.ts";
import { Progress } from "./progress.ts";
import type { Arrival, Pushed, PushResult } from "./pushed.ts";

/** What a push of several images works with. */
export interface PushMeans {
  readonly wire: Wire;
  /** Requests at once, over all images together. */
  readonly concurrency: number;
  /** Whether the account lets blobs be mounted. */
  readonly mounting: boolean;
  /** A blob's bytes. */
  blob(goal: Goal, blob: Descriptor): BlobBody;
  /** Resolves when the source as a whole is proven (`bundle-sha256`); no tag is written before. */
  readonly proven: Promise<void>;
}

/** Rank of requests without a body: others wait for what they tell. */
const ahead = Number.MAX_SAFE_INTEGER;

/** A goal whose contents are known. */
type Full = Goal & { readonly oci: NonNullable<Goal["oci"]> };

/**
 * Pushes `goals` side by side. A blob that several images share is sent to the first of them and mounted into the others once that one is whole:
 * ECR mounts only what a manifest refers to. `standing` are images that are there already; their blobs can be mounted at once.
 * The first failure stops the rest; what was finished stays and is not sent again.
 */
export async function pushImages(
  goals: readonly Full[],
  standing: readonly Full[],
  means: PushMeans,
): Promise<PushResult> {
  const total = goals.reduce((sum, { oci }) => sum + oci.blobs.reduce((bytes, blob) => bytes + blob.size, 0), 0);
  const progress = new Progress(total, means.wire.ctx);
  const push = new Push(means, progress, homesOf([...standing, ...goals]));
  for (const goal of standing) push.whole.set(goal.repository, Promise.resolve());
  const running = goals.map((goal) => {
    const pushing = push.image(goal);
    const whole = pushing.then(() => {});
    whole.catch(() => {});
    push.whole.set(goal.repository, whole);
    return pushing;
  });
  return { images: await allOrCause(running), bytesUploaded: progress.uploaded };
}

/** The first repository that each digest goes to, or is in. */
function homesOf(goals: readonly Full[]): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const { oci, repository } of goals)
    for (const { digest } of oci.blobs) if (!homes.has(digest)) homes.set(digest, repository);
  return homes;
}

class Push {
  /** By repository: resolves when its image is whole. */
  readonly whole = new Map<string, Promise<void>>();
  private readonly means: PushMeans;
  private readonly queue: WorkQueue;
  private readonly progress: Progress;
  private readonly homes: ReadonlyMap<string, string>;

  constructor(means: PushMeans, progress: Progress, homes: ReadonlyMap<string, string>) {
    this.means = means;
    this.queue = createQueue({ limit: means.concurrency, signal: means.wire.ctx.signal });
    this.progress = progress;
    this.homes = homes;
  }

  /** A place in the queue: `size` in bytes, so that large blobs begin first; small questions never wait behind them for long. */
  private turn<T>(size: number, run: (wire: Wire) => Promise<T>): Promise<T> {
    return this.queue.add(size, ({ signal, slower }) => run(this.means.wire.within(signal, slower)));
  }

  async image(goal: Full): Promise<Pushed> {
    const { ctx } = this.means.wire;
    const started = ctx.clock.now();
    ctx.emit({ kind: "phase", subject: goal.name, phase: "pushing" });
    const largestFirst = goal.oci.blobs.toSorted((one, other) => other.size - one.size);
    const arrivals = await allOrCause(
      largestFirst.map((blob) => {
        return this.blob(goal, blob).then((how) => ({ blob, how }));
      }),
    );
    await this.turn(ahead, (wire) => putManifests(wire, goal, goal.oci.manifests));
    await this.means.proven;
    await this.turn(ahead, (wire) => putTag(wire, goal, rootOf(goal, goal.oci.manifests)));
    const milliseconds = ctx.clock.now() - started;
    const pushed = pushedOf(goal.name, arrivals, milliseconds);
    ctx.emit({ kind: "phase", subject: goal.name, phase: "pushed" });
    ctx.log.info(
      `${goal.repository}:${goal.tag} is ${goal.digest}: ${size(pushed.bytesSent)} sent in ${time(milliseconds)}, ${pushed.mounted} mounted, ${pushed.present} present.`,
    );
    return pushed;
  }

  private async blob(goal: Full, blob: Descriptor): Promise<Arrival> {
    const { repository } = goal;
    if (await this.turn(ahead, (wire) => hasBlob(wire, repository, blob))) {
      this.progress.spared(blob.size);
      return "present";
    }
    const home = this.homes.get(blob.digest)!;
    let session: string | undefined;
    if (home !== repository && this.means.mounting) {
      await this.whole.get(home);
      const answer = await this.turn(ahead, (wire) => mountBlob(wire, repository, blob, home));
      if (answer.mounted) {
        this.progress.spared(blob.size);
        return "mounted";
      }
      session = answer.session;
    }
    const body = this.means.blob(goal, blob);
    await this.turn(blob.size, (wire) =>
      uploadBlob(wire, repository, blob, body, goal.oci.archive, (bytes) => this.progress.sent(bytes), session),
    );
    return "sent";
  }
}

export function pushedOf(
  name: string,
  arrivals: readonly { readonly blob: Descriptor; readonly how: Arrival }[],
  milliseconds: number,
): Pushed {
  const by = (how: Arrival) => arrivals.filter((arrival) => arrival.how === how);
  return {
    name,
    sent: by("sent").length,
    mounted: by("mounted").length,
    present: by("present").length,
    bytesSent: by("sent").reduce((sum, { blob }) => sum + blob.size, 0),
    seconds: milliseconds / 1_000,
  };
}

/** Waits for all, so that nothing is under way when an error is told; then throws what failed, rather than what was stopped because of it. */
export async function allOrCause<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (failures.length > 0) throw failures.find((failure) => !(failure instanceof Cancelled)) ?? failures[0];
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}
