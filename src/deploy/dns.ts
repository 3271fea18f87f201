import { type Change, unknown } from "../action/plan.ts";
import { UserError } from "../errors.ts";
import { ownerTag } from "../facts/owner.ts";

/** A record set of a zone. Names are lower case, without the dot at their end. */
export interface ZoneRecord {
  readonly name: string;
  readonly type: string;
  readonly alias?: { readonly zone: string; readonly name: string };
  /** Text values as Route 53 writes them, with their quotes. */
  readonly values?: readonly string[];
}

/** A load balancer as an alias needs it. */
export interface AliasTarget {
  /** Its own hosted zone, not ours. */
  readonly zone: string;
  readonly name: string;
  /** It has IPv6 addresses too. */
  readonly dualStack: boolean;
}

/** What a host's records are like, compared with its load balancer. */
export type HostState = "same" | "absent" | "ours" | "foreign";

/** The text that marks a host's records as ours: records carry no tags. */
export function markOf(owner: string): string {
  return `"${ownerTag}=${owner}"`;
}

/** Route 53's own writing, undone: no dot at the end, `\052` is `*`; `dualstack.` is only a prefix. */
export function normalName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\.$/, "")
    .replaceAll("\\052", "*")
    .replace(/^dualstack\./, "");
}

/** Only records that are absent, marked as ours, or already lead to the right load balancer may be touched. */
export function hostState(
  host: string,
  records: readonly ZoneRecord[],
  target: AliasTarget | undefined,
  owner: string,
): HostState {
  const own = records.filter((record) => record.name === normalName(host));
  const addresses = own.filter((record) => ["A", "AAAA", "CNAME"].includes(record.type));
  const marked = own.some((record) => record.type === "TXT" && record.values?.includes(markOf(owner)));
  const texts = own.some((record) => record.type === "TXT");
  const right = (type: string) => {
    const record = addresses.find((item) => item.type === type);
    return (
      target !== undefined && record?.alias !== undefined && normalName(record.alias.name) === normalName(target.name)
    );
  };
  if (right("A") && (!target?.dualStack || right("AAAA"))) return "same";
  if (marked) return "ours";
  return addresses.length === 0 && !texts ? "absent" : "foreign";
}

/** The change of one host; a stranger's record is refused (`DEPLOY_DNS_FOREIGN`) before the first write. */
export function hostChange(host: string, state: HostState, target: AliasTarget | undefined): Change | undefined {
  const to = target?.name ?? unknown("the load balancer has no address yet", `load balancer of ${host}`);
  const common = { kind: "dns record", name: host, to } as const;
  switch (state) {
    case "same":
      return undefined;
    case "absent":
      return { ...common, verb: "create", reason: "alias of the load balancer" };
    case "ours":
      // Without an address nothing says that the record is wrong; apply looks again.
      return target && { ...common, verb: "update", reason: "it leads to another load balancer" };
    case "foreign":
      throw new UserError("DEPLOY_DNS_FOREIGN", {
        happened: `${host} has a record in the hosted zone that eks-deploy did not make. Nothing was written.`,
        next: `Remove that record, or leave dns at none and let it lead to the load balancer yourself.`,
      });
  }
}

/** The record sets to upsert for a host. Target health is never evaluated: the name would vanish while one model of the group is down. */
export function recordsFor(host: string, target: AliasTarget, owner: string): readonly ZoneRecord[] {
  const alias = { zone: target.zone, name: target.name };
  return [
    { name: normalName(host), type: "A", alias },
    ...(target.dualStack ? [{ name: normalName(host), type: "AAAA", alias }] : []),
    { name: normalName(host), type: "TXT", values: [markOf(owner)] },
  ];
}

/** The name of a load balancer, from its DNS name: without `internal-` and the number at its end. `undefined` for what is no load balancer's. */
export function balancerName(hostname: string): string | undefined {
  return /^(?:internal-)?(.+)-\d+\.[a-z0-9-]+\.elb\./.exec(normalName(hostname))?.[1];
}
