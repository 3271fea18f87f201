import type { Context } from "../../action/context.ts";
import type { Contract, Outputs } from "../../action/contract.ts";
import { count, size } from "../../action/describe.ts";
import { type Aws, connectAws } from "../../aws/session.ts";
import type { Json } from "../../canonical.ts";
import type { SyncInputs } from "../../checkpoints/inputs.ts";
import { UserError } from "../../errors.ts";
import { type Prefix, prefixUri } from "../../facts/prefix.ts";
import type { AnyCommand, Command, RootInputs, Six } from "../command.ts";
import { inputsOf, pruneContract } from "../inputs.ts";
import { deleteVersion } from "./delete.ts";
import { findReferences, type Search } from "./observe.ts";
import { type PrunePlan, planPrune, staysBlock } from "./plan.ts";
import { needs } from "./references.ts";
import { type SpecEnvironment, specEnvironments } from "./spec-environments.ts";
import { listVersions } from "./versions.ts";

interface Means {
  readonly place: Prefix;
  readonly search: Search;
  readonly environments: readonly SpecEnvironment[];
  readonly aws: Aws;
  readonly owner: string;
}

/** `prune`: deletes checkpoint versions that nothing refers to. Its plan lists them, and says of the others who needs them. */
export function pruneCommand(six: Six): AnyCommand {
  const command: Command<Means, PrunePlan, PrunePlan, void> = {
    async connect(inputs, ctx, sources) {
      const { dryRun, environment } = inputs as unknown as RootInputs;
      const { keepRecords } = inputsOf(pruneContract, sources);
      const own = { ...sources, input: (name: string) => (name === "dry-run" ? String(dryRun) : sources.input(name)) };
      const sync = inputsOf(six.syncCheckpoints.contract, own) as unknown as SyncInputs;
      if (!sync.bucket) throw noBucket();
      const aws = await connectAws(
        { region: sync.awsRegion, accountId: sync.awsAccountId, role: sync.roleToAssume },
        ctx,
      );
      const above = sync.prefix.replace(/^\/+|\/+$/g, "");
      return {
        place: { bucket: sync.bucket, key: above === "" ? "" : `${above}/` },
        search: { bucket: sync.bucket, keepRecords },
        environments: await specEnvironments(environment, sources, ctx),
        aws,
        owner: sync.bucketOwner ?? aws.account,
      };
    },
    async observe(_inputs, { place, search, environments, aws, owner }, ctx) {
      const [versions, references] = await Promise.all([
        listVersions(place, aws, owner, ctx),
        findReferences(environments, search, six, ctx),
      ]);
      return planPrune(place, versions, references, search.keepRecords);
    },
    plan: (_inputs, plan) => ({
      changes: plan.changes,
      endState: plan.endState,
      outputs: { result: resultOf(plan) } as Partial<Outputs<Contract>>,
      work: plan,
    }),
    async apply({ work }, means, ctx) {
      for (const version of work.goes) {
        // Another run may have released from it since: it is asked again before each deletion.
        const references = await findReferences(means.environments, means.search, six, ctx);
        const user = references.find((reference) => needs(reference, version.prefix));
        if (user) ctx.log.info(`${prefixUri(version.prefix)} stays: ${user.by} needs it now`);
        else await deleteVersion(version, means.aws, means.owner, ctx);
      }
    },
    async verify(plan, _applied, means, ctx) {
      if (plan.work.goes.length > 0) await tellLeft(plan.work, means, ctx);
      return { outputs: plan.outputs as Outputs<Contract> };
    },
    report({ observed, dryRun, failure }) {
      if (!observed || failure)
        return { headline: `Nothing more was pruned: ${failure?.happened.split("\n")[0] ?? ""}`, blocks: [] };
      return { headline: headlineOf(observed, dryRun), blocks: staysBlock(observed) };
    },
  };
  return command;
}

/** What was to go and is still there. */
async function tellLeft(plan: PrunePlan, { place, aws, owner }: Means, ctx: Context): Promise<void> {
  const left = await listVersions(place, aws, owner, ctx);
  const going = new Set(plan.goes.map(({ prefix }) => prefix.key));
  for (const { prefix, objects } of left)
    if (going.has(prefix.key))
      ctx.log.info(`${prefixUri(prefix)} still holds ${count(objects.length, "object")}: somebody needs or writes it`);
}

function headlineOf({ goes, stays }: PrunePlan, dryRun: boolean): string {
  const freed = goes.reduce((sum, { bytes }) => sum + bytes, 0);
  const kept = `${count(stays.length, "version")} ${stays.length === 1 ? "is" : "are"} kept.`;
  if (goes.length === 0) return `Nothing to prune: ${kept}`;
  return `${dryRun ? "Would delete" : "Deleted"} ${count(goes.length, "checkpoint version")} (${size(freed)}); ${kept}`;
}

function resultOf({ goes, stays }: PrunePlan): Json {
  return {
    deleted: goes.map(({ prefix, bytes }) => ({ prefix: prefixUri(prefix), bytes })),
    kept: stays.map(({ version, because }) => ({ prefix: prefixUri(version.prefix), bytes: version.bytes, because })),
  };
}

function noBucket(): UserError {
  return new UserError("RELEASE_PRUNE_NO_BUCKET", {
    happened: "It is not known in which bucket to prune.",
    next: "Give the input bucket, or checkpoints.bucket in the spec.",
  });
}
