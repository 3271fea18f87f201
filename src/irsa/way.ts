import type { Context, Finding } from "../action/context.ts";
import type { Plan } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import { type Applied, applyIdentity } from "./apply.ts";
import { doubtsAbout } from "./doubts.ts";
import { type Foreign, type ObservedForeign, observeForeign } from "./existing.ts";
import { grantOf } from "./grant.ts";
import type { Identity } from "./identity.ts";
import { type Judgement, judgeForeign } from "./judge.ts";
import { observeIdentity } from "./observe.ts";
import type { ObservedIdentity } from "./observed.ts";
import { type IdentityOutputs, type IdentityWork, planIdentity } from "./plan.ts";
import { stable } from "./show.ts";
import { staticKeys } from "./values.ts";
import { type Proof, proveAccess, type Simulation, verifyIdentity } from "./verify.ts";
import { wantedOf } from "./wanted.ts";

/** How pods get credentials: by a role of ours, by what others made, or by keys in a Secret. */
export type Way =
  | { readonly kind: "own"; readonly identity: Identity }
  | { readonly kind: "foreign"; readonly foreign: Foreign }
  | { readonly kind: "static"; readonly secretName: string };

/** A way, and what it is planned from. */
export type Seen =
  | { readonly kind: "own"; readonly identity: Identity; readonly observed: ObservedIdentity }
  | { readonly kind: "foreign"; readonly foreign: Foreign; readonly observed: ObservedForeign }
  | { readonly kind: "static"; readonly secretName: string };

export type Work =
  | { readonly kind: "own"; readonly work: IdentityWork }
  | {
      readonly kind: "foreign";
      readonly foreign: Foreign;
      readonly judgement: Judgement;
      readonly seen: ObservedForeign;
    }
  | { readonly kind: "static" };

/** Reads what the way is planned from. `aws` is absent with static keys, which ask nothing of AWS. */
export async function observeWay(way: Way, aws: Aws | undefined, ctx: Context): Promise<Seen> {
  if (way.kind === "own") return { ...way, observed: await observeIdentity(way.identity, aws!, ctx) };
  if (way.kind === "foreign") return { ...way, observed: await observeForeign(way.foreign, aws!, ctx) };
  return way;
}

/** Pure. With a foreign identity or static keys there is never anything to change. */
export function planWay(seen: Seen): Plan<Work, IdentityOutputs> {
  if (seen.kind === "own") {
    const plan = planIdentity(seen.identity, seen.observed);
    return { ...plan, work: { kind: "own", work: plan.work } };
  }
  if (seen.kind === "foreign") {
    const judgement = judgeForeign(seen.foreign, seen.observed);
    const { roleArn, values } = judgement;
    return {
      changes: [],
      endState: { mode: "existing", role: roleArn, values: stable(values) },
      outputs: { roleArn, policyArn: "", values },
      work: { kind: "foreign", foreign: seen.foreign, judgement, seen: seen.observed },
    };
  }
  const values = staticKeys(seen.secretName);
  return {
    changes: [],
    endState: { mode: "static-secret", values: stable(values) },
    outputs: { roleArn: "", policyArn: "", values },
    work: { kind: "static" },
  };
}

/** What is worth a warning and stays as it is. */
export function doubtsOf(seen: Seen): readonly Finding[] {
  if (seen.kind === "own") return doubtsAbout(seen.identity, wantedOf(seen.identity, seen.observed), seen.observed);
  if (seen.kind === "foreign") return judgeForeign(seen.foreign, seen.observed).findings;
  return [
    {
      code: "IRSA_STATIC",
      level: "warning",
      happened:
        "mode static-secret keeps long-lived AWS keys in the cluster: they do not expire, and whoever reads the Secret has them.",
      next: "Use mode irsa or pod-identity where you can; otherwise rotate the keys, and let them do no more than the guide's policy.",
    },
  ];
}

/** Only a way of our own has anything to apply. */
export async function applyWay(work: Work, aws: Aws | undefined, ctx: Context): Promise<Applied | undefined> {
  return work.kind === "own" ? applyIdentity(work.work, aws!, ctx) : undefined;
}

/** Proves what can be proven; what cannot is named. */
export async function verifyWay(
  work: Work,
  applied: Applied | undefined,
  simulation: Simulation,
  aws: Aws | undefined,
  ctx: Context,
): Promise<Proof> {
  if (work.kind === "own") return verifyIdentity(work.work, applied, simulation, aws!, ctx);
  if (work.kind === "static")
    return { proven: [], unproven: ["whether the keys may read the checkpoints: the first pod will tell"] };
  const { foreign, judgement, seen } = work;
  const own = { proven: judgement.proven, unproven: judgement.unproven };
  if (!foreign.reach || !judgement.roleArn.includes(`:${foreign.place.account}:`)) return own;
  const scope = Object.keys(foreign.reach.prefixes).length > 0 ? "prefixes" : "bucket";
  const access = await proveAccess(
    {
      roleArn: judgement.roleArn,
      grant: grantOf({ ...foreign.reach, scope, partial: false }, foreign.place, seen.key?.arn, undefined),
      place: foreign.place,
      patient: false,
      simulation,
    },
    aws!,
    ctx,
  );
  return { proven: [...own.proven, ...access.proven], unproven: [...own.unproven, ...access.unproven] };
}
