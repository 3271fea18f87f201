import type { Context } from "../action/context.ts";
import type { Change } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Ingress } from "../cluster/objects.ts";
import { ingresses } from "../cluster/resources.ts";
import { UserError } from "../errors.ts";
import { addressesOf } from "./addresses.ts";
import { hostChange, hostState, normalName } from "./dns.ts";
import { unlessForbidden } from "./live.ts";
import type { ManifestObject } from "./manifest.ts";
import { aliasTargets, readRecords, writeRecords } from "./route53.ts";

/** How the models' hosts get their records: `undefined` where people make them. */
export interface HostRecords {
  readonly zone: string;
  readonly hosts: readonly string[];
  readonly changes: readonly Change[];
}

/** A load balancer has its name a few seconds after its Ingress; this is far beyond. */
const addressWithin = 10 * 60_000;
const lookEvery = 5_000;

/** Compares the zone with the load balancers that there are now. */
export async function observeHostRecords(
  wish: { readonly dns: "none" | "route53"; readonly hostedZoneId: string | undefined; readonly owner: string },
  objects: readonly ManifestObject[],
  namespace: string,
  cluster: Cluster,
  aws: () => Promise<Aws>,
  ctx: Context,
): Promise<HostRecords | undefined> {
  if (wish.dns === "none") return undefined;
  if (!wish.hostedZoneId) {
    throw new UserError("DEPLOY_DNS_ZONE", {
      happened: "dns is route53, and hosted-zone-id is missing.",
      next: "Give hosted-zone-id, or leave dns at none: the records are then printed.",
    });
  }
  const wanted = objects.filter((object) => object.kind === "Ingress") as unknown as readonly Ingress[];
  const hosts = hostsOf(wanted);
  const session = await aws();
  const live = (await unlessForbidden(cluster.within(ctx).list(ingresses, { namespace }))) ?? [];
  const addresses = addressesOf(
    live,
    wanted.map((item) => item.metadata.name),
  );
  const [records, targets] = await Promise.all([
    readRecords(session, wish.hostedZoneId, hosts, ctx),
    aliasTargets(session, Object.values(addresses), ctx),
  ]);
  const changes = hosts.flatMap((host) => {
    const target = targets.get(normalName(addresses[host] ?? ""));
    return hostChange(host, hostState(host, records, target, wish.owner), target) ?? [];
  });
  return { zone: wish.hostedZoneId, hosts, changes };
}

function hostsOf(list: readonly Ingress[]): readonly string[] {
  const hosts = list.flatMap((item) => (item.spec?.rules ?? []).map((rule) => rule.host ?? ""));
  return [...new Set(hosts.filter((host) => host !== "").map(normalName))];
}

/** Waits until every host has a load balancer, then writes what is not right. */
export async function applyHostRecords(
  records: HostRecords,
  owner: string,
  namespace: string,
  cluster: Cluster,
  aws: () => Promise<Aws>,
  ctx: Context,
): Promise<void> {
  const own = cluster.within(ctx);
  const deadline = ctx.clock.now() + addressWithin;
  for (;;) {
    const live = await own.list(ingresses, { namespace });
    const all = addressesOf(
      live,
      live.map((item) => item.metadata.name),
    );
    const addresses = Object.fromEntries(
      Object.entries(all).filter(([host]) => records.hosts.includes(normalName(host))),
    );
    const complete = records.hosts.every((host) => addresses[host] !== undefined);
    // Why a load balancer gets no address is told by the watch that follows, not here.
    if (!complete && ctx.clock.now() >= deadline) return;
    if (complete) {
      const written = await writeRecords(await aws(), records.zone, addresses, owner, ctx);
      for (const host of written) ctx.log.info(`${host} leads to ${addresses[host]}`);
      return;
    }
    await ctx.clock.sleep(lookEvery, ctx.signal);
  }
}
