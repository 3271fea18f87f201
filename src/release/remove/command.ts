import type { Context } from "../../action/context.ts";
import type { Contract, Outputs } from "../../action/contract.ts";
import { count } from "../../action/describe.ts";
import type { InputSources } from "../../action/load.ts";
import { connectAws } from "../../aws/session.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { connectCluster } from "../../cluster/connect.ts";
import { asEksDeployError, UserError } from "../../errors.ts";
import type { AnyCommand, Command, RootInputs, Six } from "../command.ts";
import { inputsOf, placeContract, removeContract } from "../inputs.ts";
import type { Place } from "../prove.ts";
import { storeOf } from "../publish.ts";
import { applyRemoval, type RemoveMeans } from "./apply.ts";
import { balancersGone, balancersOfGroup, ingressesGone } from "./balancer.ts";
import { oldData } from "./data.ts";
import { namespaceGone, podsGone } from "./gone.ts";
import { oldIdentity } from "./identity.ts";
import { observeCluster } from "./observe.ts";
import { planRemoval, type RemovalPlan } from "./plan.ts";

interface Means extends RemoveMeans {
  readonly sources: InputSources;
  readonly removeData: boolean;
  readonly zone: string | undefined;
  /** Its Ingress group. */
  readonly group: string;
  /** Load balancers that stay for others; known after verify. */
  stay: readonly string[];
}

/** `remove`: the release, what was made for it, and with `remove-data` its checkpoints. What stays is named with its cost. */
export function removeCommand(six: Six): AnyCommand {
  const command: Command<Means, RemovalPlan, RemovalPlan, void> = {
    async connect(inputs, ctx, sources) {
      const { dryRun } = inputs as unknown as RootInputs;
      const place = inputsOf(placeContract(dryRun ? "plan" : "deploy"), sources);
      const own = inputsOf(removeContract, sources);
      confirmed(own.confirm, place, dryRun);
      const target = { region: place.awsRegion, accountId: place.awsAccountId, role: place.roleToAssume };
      const aws = await connectAws(target, ctx);
      return {
        place,
        sources,
        aws,
        cluster: await clusterOf(place, () => connectAws(target, ctx), ctx),
        helmVersion: own.helmVersion,
        lockTimeout: own.lockTimeout,
        removeData: own.removeData,
        group: own.groupName,
        zone: own.dns === "route53" ? own.hostedZoneId : undefined,
        stay: [],
      };
    },
    async observe(_inputs, means, ctx) {
      const { place, sources, aws, cluster, removeData, zone, group } = means;
      const store = await storeOf(place, ctx);
      const [inCluster, identity, data, balancers] = await Promise.all([
        cluster ? observeCluster(place, cluster.within(ctx)) : undefined,
        oldIdentity(six, sources, aws, ctx.signal),
        oldData(six, place, sources, store, removeData, aws, ctx),
        place.cluster ? balancersOfGroup(group, place.cluster, aws, ctx) : [],
      ]);
      return planRemoval(place, { inCluster, identity, data, dns: zone ? { zone } : undefined, balancers });
    },
    plan: (_inputs, plan) => ({
      changes: plan.changes,
      endState: plan.endState,
      outputs: { result: { kept: plan.kept } } as Partial<Outputs<Contract>>,
      work: plan,
    }),
    apply: (plan, means, ctx) => applyRemoval(plan.work, means, ctx),
    async verify(plan, _applied, means, ctx) {
      const { inCluster, balancers } = plan.work.remains;
      if (means.cluster) {
        const cluster = means.cluster.within(ctx);
        const addresses = new Set([...(inCluster?.addresses ?? []), ...balancers]);
        await ingressesGone(inCluster?.ingresses ?? [], means.place.namespace, cluster, ctx);
        means.stay = await balancersGone([...addresses], cluster, means.aws, ctx);
        const { namespace, release } = means.place;
        await podsGone(release, namespace, cluster, ctx);
        await namespaceGone(namespace, cluster, ctx);
      }
      for (const line of means.stay) ctx.log.info(line);
      return {
        outputs: { result: { kept: [...plan.work.kept, ...means.stay] } } as unknown as Outputs<Contract>,
      };
    },
    report({ observed, dryRun, failure }, means) {
      if (!observed || failure)
        return { headline: `Not all is removed: ${failure?.happened.split("\n")[0] ?? ""}`, blocks: [] };
      const kept = [...observed.kept, ...(means?.stay ?? [])];
      const name = means ? `${means.place.release} of ${means.place.cluster ?? means.place.context}` : "The release";
      const things = count(observed.changes.length, "thing");
      const done = observed.changes.length === 0 ? `Nothing is left of ${name}` : `Removed ${name}: ${things} deleted`;
      const headline = `${dryRun ? `Would delete ${things} of ${name}` : done}; ${count(kept.length, "thing")} kept.`;
      const list = kept.map((line) => `- ${line}`).join("\n");
      return { headline, blocks: kept.length > 0 ? [{ kind: "text", text: `Kept:\n\n${list}` }] : [] };
    },
    async close({ cluster }) {
      cluster?.close();
    },
  };
  return command;
}

/** The confirmation names release and cluster, so that a wrong environment cannot be removed by habit. A dry run needs none. */
function confirmed(confirm: string | undefined, { release, cluster, context }: Place, dryRun: boolean): void {
  const expected = `${release}/${cluster ?? context ?? ""}`;
  if (dryRun || confirm === expected) return;
  throw new UserError("RELEASE_REMOVE_CONFIRM", {
    happened: confirm
      ? `confirm is ${confirm}; what would be removed is ${expected}. Nothing was deleted.`
      : `Nothing was deleted: confirm is missing.`,
    next: `Look at the plan first (dry-run: true), then set confirm: ${expected}.`,
  });
}

/** A cluster that is gone already leaves the identity and the data to remove. */
async function clusterOf(
  place: Place,
  aws: Parameters<typeof connectCluster>[1]["aws"],
  ctx: Context,
): Promise<Cluster | undefined> {
  try {
    return await connectCluster(place, { ctx, aws });
  } catch (thrown) {
    if (asEksDeployError(thrown).code !== "CLUSTER_NOT_FOUND") throw thrown;
    ctx.log.info(`There is no cluster ${place.cluster} any more; what lies outside of it is removed`);
    return undefined;
  }
}
