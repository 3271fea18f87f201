import { randomBytes } from "node:crypto";

/** A record set. Names are lower case with a dot at the end. */
export interface RecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  /** As sent; text values with their quotes. */
  readonly values?: readonly string[];
  readonly alias?: { readonly hostedZoneId: string; readonly dnsName: string; readonly evaluateTargetHealth: boolean };
}

export interface HostedZone {
  readonly id: string;
  /** `dev.example.com.` */
  readonly name: string;
  readonly isPrivate: boolean;
  /** By name and type. */
  readonly records: Map<string, RecordSet>;
}

export interface Change {
  readonly id: string;
  readonly submittedAt: number;
}

/** Hosted zones of one account. */
export class Route53State {
  readonly zones = new Map<string, HostedZone>();
  readonly changes = new Map<string, Change>();
  /** Milliseconds until a change is in sync. */
  syncDelay: number;

  constructor(syncDelay: number) {
    this.syncDelay = syncDelay;
  }

  /** Adds a zone with the records that every zone has. */
  addZone(name: string, isPrivate = false): HostedZone {
    const dotted = normal(name);
    const zone: HostedZone = {
      id: `Z${randomBytes(10).toString("hex").toUpperCase().slice(0, 19)}`,
      name: dotted,
      isPrivate,
      records: new Map(),
    };
    const servers = ["ns-1.awsdns-00.com.", "ns-2.awsdns-00.net."];
    put(zone, { name: dotted, type: "NS", ttl: 172_800, values: servers });
    const authority = `${servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`;
    put(zone, { name: dotted, type: "SOA", ttl: 900, values: [authority] });
    this.zones.set(zone.id, zone);
    return zone;
  }

  addChange(now: number): Change {
    const change = { id: `C${randomBytes(10).toString("hex").toUpperCase().slice(0, 19)}`, submittedAt: now };
    this.changes.set(change.id, change);
    return change;
  }
}

/** Route 53's own writing of a name: lower case, a dot at its end, `*` as `\052`. */
export function normal(name: string): string {
  const lower = name.toLowerCase().replaceAll("*", "\\052");
  return lower.endsWith(".") ? lower : `${lower}.`;
}

export function keyOf({ name, type }: Pick<RecordSet, "name" | "type">): string {
  return `${name} ${type}`;
}

export function put(zone: HostedZone, record: RecordSet): void {
  zone.records.set(keyOf(record), record);
}

/** Records in the order of a listing: by their labels from the end, then by type. */
export function sorted(zone: HostedZone): readonly RecordSet[] {
  return [...zone.records.values()].sort((a, b) => compare(a.name, b.name) || (a.type < b.type ? -1 : 1));
}

/** Order of two names by reversed labels; negative when `a` comes first. */
export function compare(a: string, b: string): number {
  const [x, y] = [a, b].map((name) => name.split(".").reverse().join("."));
  return x! < y! ? -1 : x! > y! ? 1 : 0;
}
