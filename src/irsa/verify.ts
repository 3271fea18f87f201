import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { asEksDeployError, EksDeployError, RemoteError, UserError } from "../errors.ts";
import type { Applied } from "./apply.ts";
import type { Grant } from "./documents.ts";
import type { Place } from "./identity.ts";
import { observeIdentity } from "./observe.ts";
import { type IdentityWork, planIdentity } from "./plan.ts";
import { type Decision, probesOf, simulate } from "./simulate.ts";

export type Simulation = "auto" | "required" | "off";

/** What was shown, and what was not; told in the summary. */
export interface Proof {
  readonly proven: readonly string[];
  readonly unproven: readonly string[];
}

/** Bounds in ms. */
const patience = 90_000;
const interval = 2_000;
/** A new role is known to STS 10 to 30 s after it was made; pods that start earlier are refused and try again. */
const settling = 15_000;
const changesWhoMayCome: ReadonlySet<string> = new Set([
  "create-provider",
  "create-role",
  "update-trust",
  "create-association",
  "update-association",
]);

/** What the simulator never sees; said in every proof. */
const beyondSimulation = "bucket policy, key policy and VPC endpoint policies (IAM's simulator does not see them)";

/** Reads back until IAM shows what was written, then proves access. `applied` is absent when nothing had to change: then what was observed stands. */
export async function verifyIdentity(
  work: IdentityWork,
  applied: Applied | undefined,
  simulation: Simulation,
  aws: Aws,
  ctx: Context,
): Promise<Proof> {
  const { identity, wanted } = work;
  if (applied) {
    await readBack(work, applied, aws, ctx);
    if (applied.acts.some((act) => changesWhoMayCome.has(act)))
      await ctx.clock.sleep(Math.max(0, applied.at + settling - ctx.clock.now()), ctx.signal);
  }
  const access = await proveAccess(
    { roleArn: wanted.roleArn, grant: wanted.grant, place: identity.place, patient: applied !== undefined, simulation },
    aws,
    ctx,
  );
  const entry =
    identity.mode === "irsa"
      ? "the trust policy lets in this service account and nobody else"
      : "trust policy and association give this service account the role";
  return { proven: [`${entry} (read in IAM)`, ...access.proven], unproven: access.unproven };
}

/** Documents are written without a condition: the last writer wins silently, so what counts is what IAM shows afterwards. */
async function readBack({ identity }: IdentityWork, applied: Applied, aws: Aws, ctx: Context): Promise<void> {
  const deadline = applied.at + patience;
  for (;;) {
    const { changes } = planIdentity(identity, await observeIdentity(identity, aws, ctx));
    if (changes.length === 0) return;
    const left = changes.map(({ verb, kind, name }) => `${verb} ${kind} ${name}`).join("; ");
    if (ctx.clock.now() + interval > deadline)
      throw new RemoteError("IRSA_CONCURRENT", {
        happened: `${patience / 1_000} s after the last write IAM does not show what was written; it would still need: ${left}.`,
        next: "Find out who else writes them (CloudTrail: UpdateAssumeRolePolicy, CreatePolicyVersion), then run again.",
      });
    ctx.log.debug(`IAM does not show it yet: ${left}`);
    await ctx.clock.sleep(interval, ctx.signal);
  }
}

/** Whose access to what is to be proven. */
export interface Question {
  readonly roleArn: string;
  readonly grant: Grant;
  readonly place: Place;
  /** Something was just written: a refusal may only be the old state. */
  readonly patient: boolean;
  readonly simulation: Simulation;
}

/** Proves with IAM's simulator that the role may read, and may not write. */
export async function proveAccess(question: Question, aws: Aws, ctx: Context): Promise<Proof> {
  if (question.simulation === "off")
    return { proven: [], unproven: ["access itself (simulate is off)", beyondSimulation] };
  const probes = probesOf(question.grant, question.place);
  const deadline = ctx.clock.now() + patience;
  for (;;) {
    const decisions = await simulate(question.roleArn, probes, { aws, signal: ctx.signal }).catch(asEksDeployError);
    if (decisions instanceof EksDeployError) return unanswered(question, decisions);
    const refused = decisions.filter((each) => each.wanted && each.decision !== "allowed" && each.missing.length === 0);
    if (refused.length === 0) return proofOf(decisions, ctx);
    if (!question.patient || ctx.clock.now() + interval > deadline) throw denied(question.roleArn, refused);
    await ctx.clock.sleep(interval, ctx.signal);
  }
}

/** A simulator that gives no answer proves nothing, and with `auto` it breaks nothing either. */
function unanswered(question: Question, failure: EksDeployError): Proof {
  if (!/^AWS_(ACCESS_DENIED|REFUSED|FAILED|BUSY)$/.test(failure.code)) throw failure;
  const why =
    failure.code === "AWS_ACCESS_DENIED"
      ? "iam:SimulatePrincipalPolicy is not allowed"
      : "the simulator does not answer";
  const what = `what ${question.roleArn} may do (${why})`;
  if (question.simulation === "required")
    throw new UserError("IRSA_NOT_VERIFIED", {
      happened: `simulate is required, and it is not known ${what}.`,
      next: `Grant iam:SimulatePrincipalPolicy on ${question.roleArn}, or set simulate: auto.`,
      cause: failure,
    });
  return { proven: [], unproven: [what, beyondSimulation] };
}

function proofOf(decisions: readonly Decision[], ctx: Context): Proof {
  const allowed = decisions.filter((each) => each.wanted && each.decision === "allowed");
  const unsure = decisions.filter((each) => each.wanted && each.decision !== "allowed");
  const open = decisions.filter((each) => !each.wanted && each.decision === "allowed");
  for (const each of open)
    ctx.log.finding({
      code: "IRSA_WIDE",
      level: "warning",
      happened: `The role may also ${each.action} on ${each.resource} (by ${each.by}).`,
      next: "Model servers only read. Detach the policy where nobody else needs it.",
    });
  const actions = [...new Set(allowed.map((each) => each.action))];
  return {
    proven: [
      ...(actions.length > 0 ? [`the role may ${actions.join(", ")} (simulated)`] : []),
      ...(open.length === 0 ? ["the role may not write or delete objects (simulated)"] : []),
    ],
    unproven: [
      ...unsure.map((each) => `${each.action} on ${each.resource} (depends on ${each.missing.join(", ")})`),
      beyondSimulation,
    ],
  };
}

function denied(roleArn: string, refused: readonly Decision[]): UserError {
  const lines = refused.map((each) => `  - ${each.action} on ${each.resource}: ${each.decision}, by ${each.by}`);
  return new UserError("IRSA_DENIED", {
    happened: `IAM's simulator says that ${roleArn} may not do what the model servers need:\n${lines.join("\n")}`,
    next: "Look at the role's permissions boundary, its policies with Deny, and the organisation's service control policies.",
  });
}
