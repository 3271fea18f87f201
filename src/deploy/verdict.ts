import type { Diagnosis } from "./diagnosis/diagnosis.ts";
import type { Health, Phase } from "./health.ts";

/** Bounds of a rollout, ms. */
export interface RolloutLimits {
  readonly timeout: number;
  /** Without a new byte while downloading; twice that without a new log line while loading. */
  readonly stall: number;
}

/** A diagnosis, and since when it has been so without a break. */
export interface Standing {
  readonly diagnosis: Diagnosis;
  readonly since: number;
  /** It was so when the watch began, and has not been tried again since. */
  readonly untried: boolean;
}

/** Whether to go on waiting. */
export type Verdict =
  | { readonly kind: "wait" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly because: readonly Diagnosis[] }
  | { readonly kind: "superseded"; readonly by: number }
  | { readonly kind: "timeout"; readonly because: readonly Diagnosis[] };

/** What the judgement rests on. */
export interface RolloutFacts {
  readonly now: number;
  readonly startedAt: number;
  readonly health: Health;
  readonly standing: readonly Standing[];
  /** Workloads that have not moved since, by name: phase and the moment of its last sign of life. */
  readonly moved: Readonly<Record<string, { readonly phase: Phase; readonly at: number }>>;
  /** The revision that is watched, and the newest that there is. */
  readonly revision: number;
  readonly newest: number;
}

/**
 * Pure: a newer revision ends the watch; what waiting cannot mend fails after its patience; a download or load that stands still fails after the stall
 * timeout. A Deployment's progress deadline alone fails nothing: it passes during every long download.
 */
export function judge(facts: RolloutFacts, limits: RolloutLimits): Verdict {
  const { now, health, standing } = facts;
  if (facts.newest > facts.revision) return { kind: "superseded", by: facts.newest };
  if (health.wrongImages.length > 0) return { kind: "failed", because: health.wrongImages.map(wrongImage) };
  if (health.ready) return { kind: "ready" };
  const lasting = standing.filter((item) => now - item.since >= patienceWith(item));
  if (lasting.length > 0) return { kind: "failed", because: lasting.map(({ diagnosis }) => diagnosis) };
  const stalled = Object.entries(facts.moved).flatMap(([name, { phase, at }]) => stall(name, phase, now - at, limits));
  if (stalled.length > 0) return { kind: "failed", because: stalled };
  if (now - facts.startedAt >= limits.timeout)
    return { kind: "timeout", because: standing.map(({ diagnosis }) => diagnosis) };
  return { kind: "wait" };
}

/** What failed before the watch began may be repaired: it gets until its next attempt. */
function patienceWith({ diagnosis, untried }: Standing): number {
  return untried ? Math.max(diagnosis.patience, diagnosis.attempts?.within ?? 0) : diagnosis.patience;
}

function stall(name: string, phase: Phase, quiet: number, limits: RolloutLimits): readonly Diagnosis[] {
  const minutes = Math.round(quiet / 60_000);
  if (phase === "downloading" && quiet >= limits.stall)
    return [
      {
        object: `Deployment ${name}`,
        code: "DEPLOY_DOWNLOAD_STALLED",
        cause: `The checkpoint's download has brought nothing for ${minutes} min.`,
        evidence: "no new line in the log of the init container",
        remedy:
          "Check the nodes' way to S3 (S3 gateway endpoint, NAT) and the log of the init container; stall-timeout says how long to wait.",
        patience: 0,
      },
    ];
  if ((phase === "loading" || phase === "probing") && quiet >= limits.stall * 2)
    return [
      {
        object: `Deployment ${name}`,
        code: "DEPLOY_LOAD_STALLED",
        cause: `The model server has said nothing for ${minutes} min and is not ready.`,
        evidence: "no new line in the log of the container",
        remedy: "Read its log and look at the node's GPUs; stall-timeout says how long to wait.",
        patience: 0,
      },
    ];
  return [];
}

function wrongImage({ pod, image, expected, actual }: Health["wrongImages"][number]): Diagnosis {
  return {
    object: `Pod ${pod}`,
    code: "DEPLOY_IMAGE_DIFFERS",
    cause: `The pod runs other bytes of ${image} than those that were pushed.`,
    evidence: `it runs ${actual}, pushed was ${expected}`,
    remedy: "The tag was moved, or the node kept an old image under it: use immutable tags, or imagePullPolicy Always.",
    patience: 0,
  };
}
