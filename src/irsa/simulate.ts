import type { ContextEntry, EvaluationResult } from "@aws-sdk/client-iam";
import { fromAws } from "../aws/errors.ts";
import { iamClient } from "../aws/iam.ts";
import type { Grant } from "./documents.ts";
import type { Place } from "./identity.ts";
import type { Reader } from "./read-iam.ts";

/** Requests that the model servers make, or must not be able to make. */
export interface Probe {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly context: Readonly<Record<string, string>>;
  /** Whether the role shall be allowed to. */
  readonly allowed: boolean;
}

/** What the simulator says of one action on one resource. */
export interface Decision {
  readonly action: string;
  readonly resource: string;
  readonly wanted: boolean;
  readonly decision: "allowed" | "explicitDeny" | "implicitDeny";
  /** What decided, where IAM says so: a policy, the boundary, the organisation. */
  readonly by: string;
  /** Condition keys that the simulator was not given, so that its word is not the last one. */
  readonly missing: readonly string[];
}

/** What reading checkpoints asks of IAM, and the writes that must stay refused. */
export function probesOf({ partition, bucket, folders, keyArn }: Grant, place: Place): readonly Probe[] {
  const arn = `arn:${partition}:s3:::${bucket}`;
  const objects = (folders ?? [""]).map((folder) => `${arn}/${folder}config.json`);
  const lists = folders
    ? folders.map((folder) => probe(["s3:ListBucket"], [arn], { "s3:prefix": folder }))
    : [probe(["s3:ListBucket"], [arn])];
  return [
    ...lists,
    probe(["s3:GetObject", "s3:GetObjectTagging"], objects),
    probe(["s3:GetBucketLocation"], [arn]),
    ...(keyArn
      ? [
          probe(["kms:Decrypt", "kms:DescribeKey"], [keyArn], {
            "kms:ViaService": `s3.${place.region}.${place.dnsSuffix}`,
          }),
        ]
      : []),
    { actions: ["s3:PutObject", "s3:DeleteObject"], resources: objects.slice(0, 1), context: {}, allowed: false },
  ];
}

function probe(
  actions: readonly string[],
  resources: readonly string[],
  context: Readonly<Record<string, string>> = {},
): Probe {
  return { actions, resources, context, allowed: true };
}

/** Asks IAM's simulator. Bucket and key policies are not part of its word. */
export async function simulate(
  roleArn: string,
  probes: readonly Probe[],
  reader: Reader,
): Promise<readonly Decision[]> {
  const results = await Promise.allSettled(probes.map((each) => ask(roleArn, each, reader)));
  return results.flatMap((result) => {
    if (result.status === "rejected") throw fromAws(result.reason, `simulating what ${roleArn} may do`);
    return result.value;
  });
}

async function ask(roleArn: string, probe: Probe, { aws, signal }: Reader): Promise<readonly Decision[]> {
  const { SimulatePrincipalPolicyCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  const context: ContextEntry[] = Object.entries(probe.context).map(([name, value]) => ({
    ContextKeyName: name,
    ContextKeyValues: [value],
    ContextKeyType: "string",
  }));
  const results: EvaluationResult[] = [];
  for (let marker: string | undefined, more = true; more; ) {
    const command = new SimulatePrincipalPolicyCommand({
      PolicySourceArn: roleArn,
      ActionNames: [...probe.actions],
      ResourceArns: [...probe.resources],
      ...(context.length > 0 ? { ContextEntries: context } : {}),
      Marker: marker,
    });
    const page = await iam.send(command, { abortSignal: signal });
    results.push(...(page.EvaluationResults ?? []));
    marker = page.Marker;
    more = page.IsTruncated === true;
  }
  return results.flatMap((result) => decisionsOf(result, probe));
}

function decisionsOf(result: EvaluationResult, probe: Probe): readonly Decision[] {
  const specific = result.ResourceSpecificResults ?? [];
  const base = { action: result.EvalActionName ?? "", wanted: probe.allowed, by: decider(result) };
  if (specific.length === 0)
    return [
      {
        ...base,
        resource: result.EvalResourceName ?? "*",
        decision: (result.EvalDecision ?? "implicitDeny") as Decision["decision"],
        missing: result.MissingContextValues ?? [],
      },
    ];
  return specific.map((each) => ({
    ...base,
    resource: each.EvalResourceName ?? "*",
    decision: (each.EvalResourceDecision ?? "implicitDeny") as Decision["decision"],
    missing: [...(each.MissingContextValues ?? []), ...(result.MissingContextValues ?? [])],
  }));
}

function decider(result: EvaluationResult): string {
  if (result.OrganizationsDecisionDetail?.AllowedByOrganizations === false) return "a service control policy";
  if (result.PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false)
    return "the permissions boundary";
  const sources = [...new Set((result.MatchedStatements ?? []).map((each) => each.SourcePolicyId ?? ""))];
  return sources.filter((source) => source !== "").join(", ") || "no policy";
}
