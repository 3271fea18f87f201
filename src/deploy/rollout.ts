import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Cancelled } from "../errors.ts";
import { diagnose, unrelatedTroubles } from "./diagnosis/diagnose.ts";
import { type Diagnosis, type DiagnosisScope, subjectOf } from "./diagnosis/diagnosis.ts";
import { type DownloadedBytes, type ExpectedImages, type Health, healthOf, type Phase } from "./health.ts";
import { Observer } from "./observer.ts";
import type { ReleasePlace } from "./release.ts";
import { podsOf, type Snapshot } from "./snapshot.ts";
import { judge, type RolloutLimits, type Standing, type Verdict } from "./verdict.ts";

/** What a rollout is watched for. */
export interface RolloutTarget extends ReleasePlace {
  /** The watch belongs to this revision. */
  readonly revision: number;
  /** Name of the Deployment -> name of its model. */
  readonly models: Readonly<Record<string, string>>;
  readonly ingresses: readonly string[];
  readonly images: ExpectedImages;
  /** Whether a pod without a node is to be waited for: `awaited` as the user says (`surge: wait`), `may grow` where something may bring nodes. */
  readonly capacity: "as it is" | "may grow" | "awaited";
  /** Aborts when another run took the release. */
  readonly lost: AbortSignal | undefined;
}

/** How a rollout ended. */
export interface Rollout {
  readonly verdict: Exclude<Verdict, { kind: "wait" }>;
  readonly diagnoses: readonly Diagnosis[];
  /** Broken workloads of the namespace that are not the release's. */
  readonly unrelated: readonly string[];
  readonly snapshot: Snapshot;
}

/** Something is looked at at least this often, ms: durations pass without an event. */
const tick = 2_000;

/** Watches one revision until its models serve, fail, or something newer takes over. Writes nothing. */
export async function watchRollout(
  cluster: Cluster,
  target: RolloutTarget,
  limits: RolloutLimits,
  ctx: Context,
): Promise<Rollout> {
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal, ...(target.lost ? [target.lost] : [])]);
  const own = { ...ctx, signal };
  const memory = new Memory(target, ctx);
  try {
    const observer = await Observer.open(cluster, target, own);
    for (;;) {
      const snapshot = expecting(target.capacity, await observer.snapshot());
      const scope = scopeOf(target);
      const health = healthOf(snapshot, { ...scope, images: target.images });
      const diagnoses = diagnose(snapshot, scope);
      const facts = memory.take(snapshot, health, diagnoses);
      const verdict = judge({ ...facts, health, revision: target.revision, newest: observer.newestRevision() }, limits);
      if (verdict.kind !== "wait")
        return { verdict, diagnoses, unrelated: unrelatedTroubles(snapshot, scope), snapshot };
      await observer.changed(tick);
      if (signal.aborted) throw new Cancelled();
    }
  } catch (thrown) {
    if (target.lost?.aborted && !ctx.signal.aborted) return lost(target, ctx);
    throw thrown;
  } finally {
    stop.abort();
  }
}

export function scopeOf(target: Pick<RolloutTarget, "models" | "ingresses" | "release">): DiagnosisScope {
  return { deployments: Object.keys(target.models), ingresses: target.ingresses, release: target.release };
}

/** The picture with what is known of capacity to come. */
function expecting(capacity: RolloutTarget["capacity"], snapshot: Snapshot): Snapshot {
  if (capacity === "as it is") return snapshot;
  const surroundings = { ...snapshot.surroundings, canGrow: true, awaited: capacity === "awaited" };
  return { ...snapshot, surroundings };
}

/** Another run holds the Lease: whatever it does is newer than this. */
function lost(target: RolloutTarget, ctx: Context): Rollout {
  const snapshot: Snapshot = {
    at: ctx.clock.now(),
    namespace: target.namespace,
    deployments: [],
    replicaSets: [],
    pods: [],
    ingresses: [],
    events: [],
    logs: {},
    surroundings: {},
  };
  return { verdict: { kind: "superseded", by: target.revision + 1 }, diagnoses: [], unrelated: [], snapshot };
}

/** What one picture cannot tell: since when something is so. */
class Memory {
  private readonly target: RolloutTarget;
  private readonly ctx: Context;
  private readonly startedAt: number;
  private standing = new Map<string, Standing>();
  /** Last attempts of what was wrong in the first picture, by object. */
  private first: ReadonlyMap<string, string> | undefined;
  private moved: Record<string, { phase: Phase; ready: boolean; at: number; sign: string }> = {};
  private told = "";
  private readonly downloads = new Map<string, DownloadedBytes>();

  constructor(target: RolloutTarget, ctx: Context) {
    this.target = target;
    this.ctx = ctx;
    this.startedAt = ctx.clock.now();
  }

  take(snapshot: Snapshot, health: Health, diagnoses: readonly Diagnosis[]) {
    const now = this.ctx.clock.now();
    this.remember(diagnoses, now);
    for (const { name, phase, detail, ready, bytes } of health.workloads) {
      this.tellDownload(name, bytes);
      const sign = `${phase} ${detail} ${lastLines(snapshot, name)}`;
      const before = this.moved[name];
      if (before?.phase !== phase || before.ready !== ready)
        this.ctx.emit({
          kind: "phase",
          subject: this.target.models[name] ?? name,
          phase,
          ...(detail ? { detail } : {}),
          ...(ready ? { last: true } : {}),
        });
      this.moved[name] = before?.sign === sign ? { ...before, ready } : { phase, ready, at: now, sign };
    }
    this.tellIngresses(health);
    return {
      now,
      startedAt: this.startedAt,
      standing: [...this.standing.values()],
      moved: waiting(this.moved, health),
    };
  }

  private remember(diagnoses: readonly Diagnosis[], now: number): void {
    this.first ??= new Map(diagnoses.map(({ object, attempts }) => [object, attempts?.last ?? ""]));
    const next = new Map<string, Standing>();
    for (const diagnosis of diagnoses) {
      const key = `${diagnosis.object} ${diagnosis.code}`;
      const before = this.standing.get(key);
      // An event that says nothing any more, because it grew old, is no new attempt.
      const last = diagnosis.attempts?.last || this.first.get(diagnosis.object);
      const untried =
        before?.untried !== false && this.first.has(diagnosis.object) && last === this.first.get(diagnosis.object);
      next.set(key, { diagnosis, since: before?.since ?? now, untried });
      if (!before)
        this.ctx.log.info(
          `${subjectOf(diagnosis.object, this.target.models)}: ${diagnosis.cause} [${diagnosis.code}] ${diagnosis.evidence}`,
        );
    }
    this.standing = next;
  }

  /** Progress goes on between the phases; what is no longer downloading has all its bytes. */
  private tellDownload(name: string, bytes: DownloadedBytes | undefined): void {
    const before = this.downloads.get(name);
    if (bytes ? bytes.done === before?.done : !before) return;
    const now = bytes ?? { done: before!.total, total: before!.total };
    const task = `${this.target.models[name] ?? name}: downloading`;
    this.ctx.emit({ kind: "progress", task, unit: "bytes", ...now });
    if (bytes) this.downloads.set(name, bytes);
    else this.downloads.delete(name);
  }

  private tellIngresses({ workloads, waitingIngresses }: Health): void {
    const line = workloads.every((workload) => workload.ready) ? waitingIngresses.join(", ") : "";
    if (line !== "" && line !== this.told) this.ctx.log.info(`Waiting for the load balancer's address: ${line}`);
    this.told = line;
  }
}

function waiting(moved: Record<string, { phase: Phase; at: number }>, health: Health) {
  const unready = new Set(health.workloads.filter((workload) => !workload.ready).map((workload) => workload.name));
  return Object.fromEntries(Object.entries(moved).filter(([name]) => unready.has(name)));
}

/** The newest lines of a workload's new pods: a change is a sign of life. */
function lastLines(snapshot: Snapshot, name: string): string {
  const deployment = snapshot.deployments.find((item) => item.metadata.name === name);
  if (!deployment) return "";
  const names = podsOf(snapshot, deployment).current.map((pod) => pod.metadata.name);
  return Object.entries(snapshot.logs)
    .filter(([key]) => names.some((pod) => key.startsWith(`${pod}/`)))
    .map(([key, tail]) => `${key} ${tail.movedAt}`)
    .join(" ");
}
