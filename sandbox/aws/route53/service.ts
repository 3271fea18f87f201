import { randomUUID } from "node:crypto";
import type { ElbState } from "../elb.ts";
import { namespaces } from "../protocol.ts";
import { type RestCall, type RestOperation, restService } from "../rest.ts";
import { AwsError, type AwsService } from "../service.ts";
import { XmlList, type XmlValue, xmlDocument } from "../xml.ts";
import { applyBatch, readBatch } from "./batch.ts";
import { compare, type HostedZone, normal, type RecordSet, type Route53State, sorted } from "./state.ts";

const base = "/2013-04-01";

/** Route 53: a zone, its records, changes. Aliases may lead to the account's load balancers only. */
export function createRoute53(state: Route53State, elb: ElbState, partition: string, now: () => number): AwsService {
  const zoneOf = ({ params }: RestCall): HostedZone => {
    const zone = state.zones.get(params["id"] ?? "");
    if (!zone) throw new AwsError(404, "NoSuchHostedZone", `No hosted zone found with ID: ${params["id"]}`);
    return zone;
  };
  const resource = ({ params }: RestCall) => `hostedzone/${params["id"]}`;
  const isTarget = (alias: NonNullable<RecordSet["alias"]>) =>
    [...elb.loadBalancers.values()].some(
      ({ dnsName, hostedZoneId }) =>
        hostedZoneId === alias.hostedZoneId &&
        [dnsName, `dualstack.${dnsName}`].some((name) => normal(name) === alias.dnsName),
    );
  const showChange = (id: string, submittedAt: number): XmlValue => ({
    ChangeInfo: {
      Id: `/change/${id}`,
      Status: submittedAt + state.syncDelay <= now() ? "INSYNC" : "PENDING",
      SubmittedAt: new Date(submittedAt),
    },
  });
  const operations: readonly RestOperation[] = [
    {
      name: "GetHostedZone",
      method: "GET",
      path: `${base}/hostedzone/{id}`,
      resource,
      run: (call) => showZone(zoneOf(call)),
    },
    {
      name: "ListResourceRecordSets",
      method: "GET",
      path: `${base}/hostedzone/{id}/rrset`,
      resource,
      run: (call) => listRecords(zoneOf(call), call.query),
    },
    {
      name: "ChangeResourceRecordSets",
      method: "POST",
      path: `${base}/hostedzone/{id}/rrset`,
      write: true,
      resource,
      context: ({ text }) => changeContext(text),
      run: (call) => {
        applyBatch(zoneOf(call), readBatch(call.text), isTarget);
        const { id, submittedAt } = state.addChange(now());
        return showChange(id, submittedAt);
      },
    },
    {
      name: "GetChange",
      method: "GET",
      path: `${base}/change/{id}`,
      resource: ({ params }) => `change/${params["id"]}`,
      run: ({ params }) => {
        const found = state.changes.get(params["id"] ?? "");
        if (!found) throw new AwsError(404, "NoSuchChange", `Could not find resource with ID: ${params["id"]}`);
        return showChange(found.id, found.submittedAt);
      },
    },
  ];
  return restService("route53", operations, xmlAnswer, (operation) => [
    `arn:${partition}:route53:::${operation.resource}`,
  ]);
}

function showZone(zone: HostedZone): XmlValue {
  return {
    HostedZone: {
      Id: `/hostedzone/${zone.id}`,
      Name: zone.name,
      CallerReference: zone.id,
      Config: { PrivateZone: zone.isPrivate },
      ResourceRecordSetCount: zone.records.size,
    },
  };
}

/** One page from `name` and `type` on, at most 300. */
function listRecords(zone: HostedZone, query: URLSearchParams): XmlValue {
  const limit = Math.min(300, Number(query.get("maxitems") ?? 100));
  const name = query.get("name");
  const type = query.get("type");
  if (type !== null && name === null) throw new AwsError(400, "InvalidInput", "name is required with type");
  const start = name === null ? undefined : normal(name);
  const from = sorted(zone).filter((record) => {
    if (start === undefined) return true;
    const order = compare(record.name, start);
    return order > 0 || (order === 0 && (type === null || record.type >= type));
  });
  const next = from[limit];
  return {
    ResourceRecordSets: new XmlList("ResourceRecordSet", from.slice(0, limit).map(showRecord)),
    IsTruncated: next !== undefined,
    NextRecordName: next?.name,
    NextRecordType: next?.type,
    MaxItems: String(limit),
  };
}

function showRecord({ name, type, ttl, values, alias }: RecordSet): XmlValue {
  return {
    Name: name,
    Type: type,
    TTL: ttl,
    ResourceRecords:
      values &&
      new XmlList(
        "ResourceRecord",
        values.map((Value) => ({ Value })),
      ),
    AliasTarget: alias && {
      HostedZoneId: alias.hostedZoneId,
      DNSName: alias.dnsName,
      EvaluateTargetHealth: alias.evaluateTargetHealth,
    },
  };
}

/** Condition keys of a batch ("Using IAM policy conditions for fine-grained access control", Route 53 guide). */
function changeContext(text: string): Readonly<Record<string, readonly string[]>> {
  const batch = readBatch(text);
  const key = (name: string) => `route53:ChangeResourceRecordSets${name}`;
  return {
    [key("NormalizedRecordNames")]: batch.map(({ record }) => record.name.slice(0, -1)),
    [key("RecordTypes")]: batch.map(({ record }) => record.type),
    [key("Actions")]: batch.map(({ action }) => action),
  };
}

function xmlAnswer(operation: RestOperation, result: unknown) {
  const id = randomUUID();
  return {
    status: 200,
    headers: { "x-amzn-requestid": id, "content-type": "text/xml" },
    body: xmlDocument(`${operation.name}Response`, namespaces["route53"], result as XmlValue),
  };
}
