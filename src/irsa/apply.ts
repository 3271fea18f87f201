import type { Context } from "../action/context.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";
import { observeIdentity } from "./observe.ts";
import { type IdentityWork, planIdentity } from "./plan.ts";
import type { Act, Step } from "./step.ts";
import { writeAct } from "./write.ts";

/** What apply did. */
export interface Applied {
  readonly acts: readonly Act["do"][];
  /** Time of the last write: what was written is known everywhere some seconds later. */
  readonly at: number;
}

/** How long conflicts and stale reads are met with another look, in ms. */
const patience = 120_000;

/**
 * Carries the steps out in order. Whoever creates or changes the same things meanwhile, and reads that lag behind writes, are met by looking
 * again and planning anew, so a stranger that turns up in the race is refused like any other.
 */
export async function applyIdentity(work: IdentityWork, aws: Aws, ctx: Context): Promise<Applied> {
  const { identity, wanted } = work;
  const acts: Act["do"][] = [];
  const deadline = ctx.clock.now() + patience;
  let { steps } = work;
  for (let round = 0; ; round += 1) {
    const conflict = await carryOut(steps);
    if (!conflict) return { acts, at: ctx.clock.now() };
    const delay = Math.min(8_000, 1_000 * 2 ** round) * (0.5 + ctx.clock.random() / 2);
    if (ctx.clock.now() + delay > deadline) throw fromAws(conflict.thrown, doing(conflict.step));
    ctx.emit({
      kind: "retry",
      what: doing(conflict.step),
      attempt: round + 1,
      delay,
      reason: errorName(conflict.thrown),
    });
    await ctx.clock.sleep(delay, ctx.signal);
    steps = planIdentity(identity, await observeIdentity(identity, aws, ctx)).work.steps;
  }

  async function carryOut(
    some: readonly Step[],
  ): Promise<{ readonly step: Step; readonly thrown: unknown } | undefined> {
    for (const step of some) {
      try {
        await writeAct(step.act, identity, wanted, { aws, signal: ctx.signal });
      } catch (thrown) {
        if (!isConflict(step.act, thrown)) throw fromAws(thrown, doing(step));
        return { step, thrown };
      }
      acts.push(step.act.do);
      ctx.log.info(`done: ${step.change.verb} ${step.change.kind} ${step.change.name}`);
    }
    return undefined;
  }
}

/** Whether the world is not as it was planned from: there already, not there yet, being changed, full meanwhile. */
function isConflict(act: Act, thrown: unknown): boolean {
  const name = errorName(thrown).replace(/Exception$/, "");
  if (/^(EntityAlreadyExists|NoSuchEntity|ConcurrentModification|EntityTemporarilyUnmodifiable)$/.test(name))
    return true;
  if (act.do === "create-version") return name === "LimitExceeded";
  if (act.do === "delete-version") return name === "DeleteConflict";
  // EKS asks IAM whether the role is there and trusts it, and IAM may not know yet.
  if (act.do === "create-association") return /^(ResourceInUse|InvalidParameter|ResourceNotFound)$/.test(name);
  return act.do === "update-association" && /^(InvalidParameter|ResourceNotFound)$/.test(name);
}

function doing({ change }: Step): string {
  const verbs: Readonly<Record<string, string>> = { create: "creating", update: "updating", delete: "deleting" };
  return `${verbs[change.verb] ?? "changing"} the ${change.kind} ${change.name}`;
}
