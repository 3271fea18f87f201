import { childText, type Element, NotXml, readXml } from "../../s3/xml-read.ts";
import { AwsError } from "../service.ts";
import { type HostedZone, keyOf, normal, put, type RecordSet } from "./state.ts";

/** One change of a batch. */
export interface BatchChange {
  readonly action: "CREATE" | "DELETE" | "UPSERT";
  readonly record: RecordSet;
}

const types = ["A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

/** Reads the body of ChangeResourceRecordSets; `InvalidInput` where it does not fit Route 53's model. */
export function readBatch(text: string): readonly BatchChange[] {
  let root: Element;
  try {
    root = readXml(text);
  } catch (thrown) {
    if (thrown instanceof NotXml) throw invalidInput(`Invalid XML: ${thrown.message}`);
    throw thrown;
  }
  const batch = root.name === "ChangeResourceRecordSetsRequest" ? child(root, "ChangeBatch") : undefined;
  const changes = batch && child(batch, "Changes");
  if (!changes || changes.children.length === 0) throw invalidInput("Expected at least one change");
  return changes.children.map((change) => {
    const action = childText(change, "Action");
    const record = child(change, "ResourceRecordSet");
    if (action !== "CREATE" && action !== "DELETE" && action !== "UPSERT")
      throw invalidInput(`Invalid Action ${action}`);
    if (!record) throw invalidInput("ResourceRecordSet is required");
    return { action, record: readRecord(record) };
  });
}

function readRecord(element: Element): RecordSet {
  const known = ["Name", "Type", "TTL", "ResourceRecords", "AliasTarget"];
  const unknown = element.children.find(({ name }) => !known.includes(name));
  if (unknown) throw new AwsError(501, "NotImplemented", `the sandbox does not build ${unknown.name} of a record set`);
  const name = childText(element, "Name") ?? "";
  const type = childText(element, "Type") ?? "";
  const ttl = childText(element, "TTL");
  const alias = child(element, "AliasTarget");
  const values = child(element, "ResourceRecords")?.children.map((record) => childText(record, "Value") ?? "");
  if (name === "" || !types.includes(type)) throw invalidInput(`Invalid Name '${name}' or Type '${type}'`);
  if (alias && (ttl !== undefined || values)) throw invalidInput("AliasTarget excludes TTL and ResourceRecords");
  if (!alias && (ttl === undefined || !values?.length)) throw invalidInput("TTL and ResourceRecords are required");
  if (!alias) return { name: normal(name), type, ttl: Number(ttl), values: values! };
  return {
    name: normal(name),
    type,
    alias: {
      hostedZoneId: childText(alias, "HostedZoneId") ?? "",
      dnsName: normal(childText(alias, "DNSName") ?? ""),
      evaluateTargetHealth: childText(alias, "EvaluateTargetHealth") === "true",
    },
  };
}

/** Applies a batch, all or nothing; `isTarget` says whether an alias leads to something that exists. */
export function applyBatch(
  zone: HostedZone,
  batch: readonly BatchChange[],
  isTarget: (alias: NonNullable<RecordSet["alias"]>) => boolean,
): void {
  const draft: HostedZone = { ...zone, records: new Map(zone.records) };
  const problems = batch.flatMap((change) => applied(draft, change, isTarget) ?? []);
  if (problems.length > 0) throw new AwsError(400, "InvalidChangeBatch", `[${problems.join(", ")}]`);
  zone.records.clear();
  for (const record of draft.records.values()) put(zone, record);
}

function applied(
  zone: HostedZone,
  { action, record }: BatchChange,
  isTarget: (alias: NonNullable<RecordSet["alias"]>) => boolean,
): string | undefined {
  const { name, type, alias } = record;
  const shown = `[name='${name}', type='${type}']`;
  const known = zone.records.get(keyOf(record));
  if (name !== zone.name && !name.endsWith(`.${zone.name}`))
    return `RRSet with DNS name ${name} is not permitted in zone ${zone.name}`;
  if (action === "DELETE") {
    if (!known) return `Tried to delete resource record set ${shown} but it was not found`;
    if (JSON.stringify(known) !== JSON.stringify(record))
      return `Tried to delete resource record set ${shown} but the values provided do not match the current values`;
    zone.records.delete(keyOf(record));
    return undefined;
  }
  if (action === "CREATE" && known) return `Tried to create resource record set ${shown} but it already exists`;
  if (alias && !isTarget(alias))
    return `Tried to create an alias that targets ${alias.dnsName}, type ${type} in zone ${alias.hostedZoneId}, but the alias target name does not lie within the target zone`;
  const others = [...zone.records.values()].filter((each) => each.name === name && each.type !== type);
  if (type === "CNAME" ? others.length > 0 : others.some((each) => each.type === "CNAME"))
    return `RRSet of type ${type} with DNS name ${name} is not permitted as it conflicts with other records with the same DNS name in zone ${zone.name}`;
  if (type === "TXT" && record.values?.some((value) => !/^("(?:[^"\\]|\\.){0,255}"\s*)+$/.test(value)))
    return `Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered'`;
  put(zone, record);
  return undefined;
}

function child(element: Element, name: string): Element | undefined {
  return element.children.find((each) => each.name === name);
}

function invalidInput(message: string): AwsError {
  return new AwsError(400, "InvalidInput", message);
}
