import type { Context } from "../action/context.ts";
import { elbClient } from "../aws/elb.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import { route53Client } from "../aws/route53.ts";
import type { Aws } from "../aws/session.ts";
import { RemoteError, UserError } from "../errors.ts";
import { type AliasTarget, balancerName, hostState, normalName, recordsFor, type ZoneRecord } from "./dns.ts";

const syncEvery = 5_000;
const syncWithin = 5 * 60_000;

/** The records of these hosts in a zone; hosts outside the zone are refused (`DEPLOY_DNS_ZONE`). */
export async function readRecords(
  aws: Aws,
  zone: string,
  hosts: readonly string[],
  ctx: Context,
): Promise<readonly ZoneRecord[]> {
  const { GetHostedZoneCommand, ListResourceRecordSetsCommand } = await import("@aws-sdk/client-route-53");
  const client = await route53Client(aws);
  const options = { abortSignal: ctx.signal };
  try {
    const { HostedZone } = await client.send(new GetHostedZoneCommand({ Id: zone }), options);
    const name = normalName(HostedZone?.Name ?? "");
    const outside = hosts.filter((host) => host !== name && !host.endsWith(`.${name}`));
    if (outside.length > 0) throw notInZone(zone, name, outside);
    const answers = await Promise.all(
      hosts.map((host) =>
        client.send(
          new ListResourceRecordSetsCommand({
            HostedZoneId: zone,
            StartRecordName: host,
            StartRecordType: "A",
            MaxItems: 10,
          }),
          options,
        ),
      ),
    );
    return answers
      .flatMap((answer) => answer.ResourceRecordSets ?? [])
      .map((record) => ({
        name: normalName(record.Name ?? ""),
        type: String(record.Type),
        ...(record.AliasTarget
          ? { alias: { zone: record.AliasTarget.HostedZoneId ?? "", name: record.AliasTarget.DNSName ?? "" } }
          : {}),
        ...(record.ResourceRecords ? { values: record.ResourceRecords.map((item) => item.Value ?? "") } : {}),
      }));
  } catch (thrown) {
    if (errorName(thrown) === "NoSuchHostedZone") throw noZone(zone);
    throw fromAws(thrown, `reading the hosted zone ${zone}`);
  }
}

/** The load balancers behind these DNS names, by name; what is no load balancer of the account is left out. */
export async function aliasTargets(
  aws: Aws,
  hostnames: readonly string[],
  ctx: Context,
): Promise<ReadonlyMap<string, AliasTarget>> {
  const names = new Set(hostnames.map(balancerName).filter((name) => name !== undefined));
  const targets = new Map<string, AliasTarget>();
  if (names.size === 0) return targets;
  const { DescribeLoadBalancersCommand } = await import("@aws-sdk/client-elastic-load-balancing-v2");
  const client = await elbClient(aws);
  try {
    for (const name of names) {
      const { LoadBalancers = [] } = await client.send(new DescribeLoadBalancersCommand({ Names: [name] }), {
        abortSignal: ctx.signal,
      });
      for (const { DNSName = "", CanonicalHostedZoneId = "", IpAddressType } of LoadBalancers)
        targets.set(normalName(DNSName), {
          zone: CanonicalHostedZoneId,
          name: normalName(DNSName),
          dualStack: IpAddressType === "dualstack",
        });
    }
    return targets;
  } catch (thrown) {
    if (errorName(thrown) === "LoadBalancerNotFoundException") return targets;
    throw fromAws(thrown, "describing the load balancer");
  }
}

/** Upserts the records of all hosts that are not right yet, in one batch (all or nothing), and waits until Route 53 serves them. */
export async function writeRecords(
  aws: Aws,
  zone: string,
  addresses: Readonly<Record<string, string>>,
  owner: string,
  ctx: Context,
): Promise<readonly string[]> {
  const hosts = Object.keys(addresses);
  const [records, targets] = await Promise.all([
    readRecords(aws, zone, hosts, ctx),
    aliasTargets(aws, Object.values(addresses), ctx),
  ]);
  const wrong = hosts.flatMap((host) => {
    const target = targets.get(normalName(addresses[host] ?? ""));
    const state = target && hostState(host, records, target, owner);
    return target && (state === "absent" || state === "ours") ? [{ host, target }] : [];
  });
  if (wrong.length === 0) return [];
  const { ChangeResourceRecordSetsCommand } = await import("@aws-sdk/client-route-53");
  const client = await route53Client(aws);
  const batch = wrong.flatMap(({ host, target }) => recordsFor(host, target, owner));
  try {
    const { ChangeInfo } = await client.send(
      new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes: batch.map(upsert) } }),
      { abortSignal: ctx.signal },
    );
    await inSync(aws, ChangeInfo?.Id ?? "", ctx);
  } catch (thrown) {
    throw fromAws(thrown, `writing records into the hosted zone ${zone}`);
  }
  return wrong.map(({ host }) => host);
}

function upsert(record: ZoneRecord) {
  return {
    Action: "UPSERT" as const,
    ResourceRecordSet: {
      Name: record.name,
      Type: record.type as "A" | "AAAA" | "TXT",
      ...(record.alias
        ? {
            AliasTarget: {
              HostedZoneId: record.alias.zone,
              DNSName: record.alias.name,
              EvaluateTargetHealth: false,
            },
          }
        : { TTL: 300, ResourceRecords: (record.values ?? []).map((Value) => ({ Value })) }),
    },
  };
}

async function inSync(aws: Aws, id: string, ctx: Context): Promise<void> {
  const { GetChangeCommand } = await import("@aws-sdk/client-route-53");
  const client = await route53Client(aws);
  const deadline = ctx.clock.now() + syncWithin;
  for (;;) {
    const { ChangeInfo } = await client.send(new GetChangeCommand({ Id: id.replace(/^\/change\//, "") }), {
      abortSignal: ctx.signal,
    });
    if (ChangeInfo?.Status === "INSYNC") return;
    if (ctx.clock.now() >= deadline)
      throw new RemoteError("DEPLOY_DNS_PENDING", {
        happened: "Route 53 has not put the records in place within 5 min.",
        next: "Run again: what is in place is not written again.",
      });
    await ctx.clock.sleep(syncEvery, ctx.signal);
  }
}

function notInZone(zone: string, name: string, hosts: readonly string[]): UserError {
  return new UserError("DEPLOY_DNS_ZONE", {
    happened: `The hosted zone ${zone} is ${name}, which does not hold ${hosts.join(", ")}. Nothing was written.`,
    next: "Give the zone that holds the models' hosts as hosted-zone-id, or leave dns at none.",
  });
}

function noZone(zone: string): UserError {
  return new UserError("DEPLOY_DNS_ZONE", {
    happened: `There is no hosted zone ${zone} in this account.`,
    next: "Correct hosted-zone-id: aws route53 list-hosted-zones",
  });
}
