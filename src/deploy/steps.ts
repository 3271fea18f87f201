import type { Context } from "../action/context.ts";
import { count, time } from "../action/describe.ts";
import { type EksDeployError, RemoteError } from "../errors.ts";
import { addressesOf } from "./addresses.ts";
import { type ApplyMeans, applyRelease, createNamespace } from "./apply.ts";
import { type Diagnosis, subjectOf } from "./diagnosis/diagnosis.ts";
import { expectedImages } from "./expected-images.ts";
import { type Health, healthOf } from "./health.ts";
import { applyHostRecords } from "./host-records.ts";
import { holdLease } from "./lease.ts";
import type { Observation } from "./observe.ts";
import type { Deployment } from "./open.ts";
import type { ReleasePlan } from "./plan.ts";
import { type Proven, provenAmong } from "./proven.ts";
import { type Undone, undo, undoOf } from "./recover.ts";
import { readRevisions } from "./release.ts";
import { systemResolve, waitUntilResolved } from "./resolution.ts";
import { type Rollout, type RolloutTarget, scopeOf, watchRollout } from "./rollout.ts";
import { rememberRun } from "./settle.ts";

/** What apply hands on. */
export interface AppliedRelease {
  readonly revision: number;
}

export function applyMeans(deployment: Deployment): ApplyMeans {
  const { inputs, cluster, helm, content, wanted } = deployment;
  return {
    cluster,
    helm,
    content,
    release: inputs.release,
    namespace: inputs.namespace,
    owner: wanted.owner,
    accept: inputs.accept,
    lockTimeout: inputs.lockTimeout,
  };
}

/** Takes the Lease and carries the plan out. The Lease stays held: `close` lets it go, in a chain after the smoke verdict. */
export async function carryOut(plan: ReleasePlan, deployment: Deployment, ctx: Context): Promise<AppliedRelease> {
  const { inputs, cluster } = deployment;
  if (plan.createNamespace) {
    await createNamespace(cluster.within(ctx), inputs.namespace);
    ctx.log.info(`Created the namespace ${inputs.namespace}`);
  }
  deployment.lease = await holdLease(cluster.within(ctx), inputs, inputs.lockTimeout, ctx);
  rememberRun(deployment, ctx);
  // Whoever lost the Lease writes nothing more.
  const own = { ...ctx, signal: AbortSignal.any([ctx.signal, deployment.lease.lost]) };
  const hear = (heard: Pick<Deployment, "began" | "replaced">) => {
    Object.assign(deployment, heard);
    rememberRun(deployment, ctx);
  };
  const revision = await applyRelease(plan, applyMeans(deployment), deployment.lease, own, {
    began: (began) => hear({ began }),
    replaced: (replaced) => hear({ replaced }),
  });
  if (plan.records)
    await applyHostRecords(plan.records, deployment.wanted.owner, inputs.namespace, cluster, deployment.aws, ctx);
  return { revision };
}

/** How the rollout of a revision ended, in the words of the outputs. */
export interface Proof {
  readonly rollout: Rollout;
  readonly revision: number;
  readonly status: "deployed" | "unchanged" | "superseded" | "failed";
  readonly addresses: Readonly<Record<string, string>>;
  readonly failure: EksDeployError | undefined;
}

/** Watches until everything that the plan wants is healthy. */
export async function prove(
  plan: ReleasePlan,
  applied: AppliedRelease | undefined,
  observation: Observation,
  deployment: Deployment,
  ctx: Context,
): Promise<Proof> {
  const { inputs, cluster } = deployment;
  const revision = applied?.revision ?? observation.observed.live.revisions.at(-1)?.number ?? 0;
  const target = { ...targetOf(plan, observation, deployment), revision };
  const limits = { timeout: inputs.timeout, stall: inputs.stallTimeout };
  const rollout = await watchRollout(cluster, target, limits, ctx);
  const addresses = addressesOf(rollout.snapshot.ingresses, target.ingresses);
  const common = { rollout, revision, addresses };
  switch (rollout.verdict.kind) {
    case "ready":
      if (applied && plan.records && plan.records.changes.length > 0)
        for (const finding of await waitUntilResolved(addresses, systemResolve, ctx)) ctx.log.finding(finding);
      return { ...common, status: applied ? "deployed" : "unchanged", failure: undefined };
    case "superseded":
      deployment.superseded = true;
      ctx.log.info(`Revision ${rollout.verdict.by} has taken the place of ${revision}: this run ends here`);
      return { ...common, status: "superseded", failure: undefined };
    case "timeout":
    case "failed":
      return { ...common, status: "failed", failure: rolloutFailure(rollout, inputs.timeout, target) };
  }
}

function targetOf(
  plan: ReleasePlan,
  { wanted, images, mayGrow }: Observation,
  deployment: Deployment,
): Omit<RolloutTarget, "revision"> {
  const ingresses = wanted.objects.filter((object) => object.kind === "Ingress").map((object) => object.metadata.name);
  return {
    release: deployment.inputs.release,
    namespace: deployment.inputs.namespace,
    models: Object.fromEntries(plan.workloads.map((workload) => [workload.name, workload.model])),
    ingresses,
    images: expectedImages(images),
    capacity: deployment.inputs.surge === "wait" ? "awaited" : mayGrow ? "may grow" : "as it is",
    lost: deployment.lease?.lost,
  };
}

/** The failure of a rollout, cause by cause, in its first line the first; a single cause gives it its code. Without any it says how far the models have come. */
export function rolloutFailure(
  { verdict, diagnoses, unrelated, snapshot }: Rollout,
  timeout: number,
  { models, ingresses, release }: Pick<RolloutTarget, "models" | "ingresses" | "release">,
): EksDeployError {
  const because = verdict.kind === "failed" || verdict.kind === "timeout" ? verdict.because : [];
  const codes = new Set(because.map((diagnosis) => diagnosis.code));
  const [only] = codes;
  const late = verdict.kind === "timeout" ? `The release is not healthy after ${time(timeout)}. ` : "";
  const all = because.length > 0 ? because : diagnoses;
  const [first, ...others] = all;
  const lines = all.map((item) => `  - ${line(item, models)}`).join("\n");
  const health = healthOf(snapshot, { ...scopeOf({ models, ingresses, release }), images: {} });
  const strangers = unrelated.length > 0 ? `\nNot of this release, and broken as well: ${unrelated.join("; ")}` : "";
  const code =
    only && codes.size === 1 ? only : verdict.kind === "timeout" ? "DEPLOY_TIMEOUT" : "DEPLOY_ROLLOUT_FAILED";
  return new RemoteError(code, {
    happened: `${late}${first ? told(first, others.length, lines, models) : `No object says why. ${standing(health, models)}`}${strangers}`,
    next:
      [...new Set(all.map((diagnosis) => diagnosis.remedy))].join("\n") ||
      "Look at the pods: kubectl get pods; then raise timeout if they only need longer.",
  });
}

/** `point: downloading, 12.4 GiB of 67.0 GiB; no load balancer for Ingress inference-point.` */
function standing({ workloads, waitingIngresses }: Health, models: Readonly<Record<string, string>>): string {
  const waiting = workloads
    .filter(({ ready }) => !ready)
    .map(({ name, phase, detail }) => `${models[name] ?? name}: ${phase}${detail ? `, ${detail}` : ""}`);
  return `${[...waiting, ...waitingIngresses.map((name) => `no load balancer for Ingress ${name}`)].join("; ")}.`;
}

function told(first: Diagnosis, others: number, lines: string, models: Readonly<Record<string, string>>): string {
  if (others === 0) return line(first, models);
  return `${subjectOf(first.object, models)}: ${first.cause} With it ${count(others, "more object")} cannot start:\n${lines}`;
}

function line({ object, cause, code, evidence }: Diagnosis, models: Readonly<Record<string, string>>): string {
  return `${subjectOf(object, models)}: ${cause} [${code}]${evidence ? `\n      ${evidence}` : ""}`;
}

/** Undoes what apply did, as `on-failure` and `on-cancel` say. */
export async function rescue(
  failure: EksDeployError,
  plan: ReleasePlan,
  observation: Observation & { readonly proven: Proven | undefined },
  deployment: Deployment,
  ctx: Context,
): Promise<Undone> {
  const { inputs, cluster } = deployment;
  const revisions = await readRevisions(cluster.within(ctx), inputs);
  const facts = {
    revisions,
    began: deployment.began,
    replaced: deployment.replaced,
    proven: provenAmong(revisions, observation.proven),
    cancelled: failure.code === "CANCELLED",
    superseded: deployment.superseded || deployment.lease?.lost.aborted === true,
    onFailure: inputs.onFailure,
    onCancel: inputs.onCancel,
    recreate: plan.recreate,
  };
  const target = targetOf(plan, observation, deployment);
  const limits = { timeout: inputs.timeout, stall: inputs.stallTimeout };
  return undo(undoOf(facts), facts, applyMeans(deployment), target, limits, ctx);
}
