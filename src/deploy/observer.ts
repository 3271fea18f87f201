import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { logTail } from "../cluster/logs.ts";
import type { Deployment, Ingress, KubeEvent, Pod, ReplicaSet, Secret } from "../cluster/objects.ts";
import { deployments, events, ingresses, pods, replicaSets, secrets } from "../cluster/resources.ts";
import { type Watched, watchResource } from "../cluster/watch.ts";
import { endOf, isCrashing } from "./diagnosis/pods.ts";
import { podPhase } from "./health.ts";
import { type ReleasePlace, revisionScope } from "./release.ts";
import { type LogTail, podsOf, type Snapshot, type Surroundings } from "./snapshot.ts";
import { readSurroundings } from "./surroundings.ts";

/** Lines of a log that are kept: a model server tells its reason well before its last line. */
const tailLines = 100;
const logsEvery = 10_000;
const surroundingsEvery = 30_000;

/** Watches everything that a rollout shows itself in, and gives immutable pictures of it. */
export class Observer {
  private readonly cluster: Cluster;
  private readonly place: ReleasePlace;
  private readonly ctx: Context;
  private readonly held: Held;
  private logs: Record<string, LogTail> = {};
  private logsAt = Number.NEGATIVE_INFINITY;
  /** The ends of crashed containers that the logs have told of, by `pod/container`. */
  private ends: ReadonlyMap<string, string> = new Map();
  private surroundings: Surroundings = {};
  private surroundingsAt = Number.NEGATIVE_INFINITY;
  private wake: () => void = () => {};
  private dirty = true;

  private constructor(cluster: Cluster, place: ReleasePlace, ctx: Context, open: (onChange: () => void) => Held) {
    this.cluster = cluster.within(ctx);
    this.place = place;
    this.ctx = ctx;
    this.held = open(() => this.touch());
  }

  /** Opens the watches; they end with the context's signal. */
  static async open(cluster: Cluster, place: ReleasePlace, ctx: Context): Promise<Observer> {
    let touch = () => {};
    const scope = { namespace: place.namespace };
    const onChange = () => touch();
    const [a, b, c, d, e, f] = await Promise.all([
      watchResource(cluster, deployments, scope, ctx, onChange),
      watchResource(cluster, replicaSets, scope, ctx, onChange),
      watchResource(cluster, pods, scope, ctx, onChange),
      watchResource(cluster, ingresses, scope, ctx, onChange),
      watchResource(cluster, events, scope, ctx, onChange),
      watchResource(cluster, secrets, revisionScope(place), ctx, onChange),
    ]);
    return new Observer(cluster, place, ctx, (changed) => {
      touch = changed;
      return { deployments: a, replicaSets: b, pods: c, ingresses: d, events: e, revisions: f };
    });
  }

  /** The newest revision that helm keeps; from labels, so that no payload is read. */
  newestRevision(): number {
    return Math.max(
      0,
      ...this.held.revisions.items().map((secret) => Number(secret.metadata.labels?.["version"] ?? 0)),
    );
  }

  /** The picture now; logs and surroundings are read anew when they are old. */
  async snapshot(): Promise<Snapshot> {
    this.dirty = false;
    const now = this.ctx.clock.now();
    if (now - this.surroundingsAt >= surroundingsEvery) {
      this.surroundings = await readSurroundings(this.cluster);
      this.surroundingsAt = now;
    }
    const picture = this.picture();
    if (now - this.logsAt >= logsEvery || this.wantsLogs(picture)) {
      this.logs = await this.readLogs(picture);
      this.logsAt = now;
    }
    return { ...picture, at: this.ctx.clock.now(), logs: this.logs };
  }

  /** Resolves at the next change, or after `milliseconds`. */
  async changed(milliseconds: number): Promise<void> {
    const stop = new AbortController();
    if (!this.dirty)
      await Promise.race([
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
        this.ctx.clock.sleep(milliseconds, AbortSignal.any([stop.signal, this.ctx.signal])).catch(() => {}),
      ]);
    stop.abort();
  }

  private touch(): void {
    this.dirty = true;
    this.wake();
  }

  private picture(): Snapshot {
    return {
      at: this.ctx.clock.now(),
      namespace: this.place.namespace,
      deployments: this.held.deployments.items(),
      replicaSets: this.held.replicaSets.items(),
      pods: this.held.pods.items(),
      ingresses: this.held.ingresses.items(),
      events: this.held.events.items(),
      logs: this.logs,
      surroundings: this.surroundings,
    };
  }

  /** A crash of which nothing was read yet: its reason must not wait. */
  private wantsLogs(picture: Snapshot): boolean {
    return placesOf(picture).some(({ key, end }) => end !== undefined && end !== this.ends.get(key));
  }

  private async readLogs(picture: Snapshot): Promise<Record<string, LogTail>> {
    const fresh: Record<string, LogTail> = {};
    const places = placesOf(picture);
    await Promise.all(
      places.map(async ({ key, pod, container, running, end }) => {
        const place = { namespace: this.place.namespace, pod, container };
        const read = (previous: boolean) =>
          logTail(this.cluster, { ...place, previous }, tailLines, this.ctx).catch(() => []);
        const current = await read(false);
        const previous = end !== undefined && (running || current.length === 0) ? await read(true) : undefined;
        const lines = current.length === 0 && !running ? (previous ?? []) : current;
        const before = this.logs[key];
        const moved = !before || before.lines.at(-1) !== lines.at(-1) || before.lines.length !== lines.length;
        const movedAt = moved ? this.ctx.clock.now() : before.movedAt;
        fresh[key] = { lines, movedAt, ...(running && previous ? { previous } : {}) };
      }),
    );
    this.ends = new Map(places.flatMap(({ key, end }) => (end === undefined ? [] : [[key, end] as const])));
    return fresh;
  }
}

interface Held {
  readonly deployments: Watched<Deployment>;
  readonly replicaSets: Watched<ReplicaSet>;
  readonly pods: Watched<Pod>;
  readonly ingresses: Watched<Ingress>;
  readonly events: Watched<KubeEvent>;
  readonly revisions: Watched<Secret>;
}

interface LogPlaceOf {
  readonly key: string;
  readonly pod: string;
  readonly container: string;
  readonly running: boolean;
  /** Its last end, where that was a crash. */
  readonly end: string | undefined;
}

/** Containers of new pods whose logs tell something: those that download, load or crash. */
function placesOf(snapshot: Snapshot): readonly LogPlaceOf[] {
  return snapshot.deployments
    .flatMap((deployment) => podsOf(snapshot, deployment).current)
    .filter((pod) => !pod.metadata.deletionTimestamp && podPhase(snapshot, pod).phase !== "ready")
    .flatMap((pod) =>
      [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])]
        .filter((status) => status.state?.running || isCrashing(status))
        .map((status) => ({
          key: `${pod.metadata.name}/${status.name}`,
          pod: pod.metadata.name,
          container: status.name,
          running: status.state?.running !== undefined,
          end: isCrashing(status) ? endOf(status) : undefined,
        })),
    );
}
