import type { Tag } from "@aws-sdk/client-iam";
import { errorName, errorStatus, fromAws } from "../aws/errors.ts";
import { iamClient } from "../aws/iam.ts";
import type { Aws } from "../aws/session.ts";
import { parseDocument } from "./meaning.ts";
import type { HangingPolicy, ObservedPolicy, ObservedProvider, ObservedRole, Quotas } from "./observed.ts";

/** What every read needs. */
export interface Reader {
  readonly aws: Aws;
  readonly signal: AbortSignal;
}

/** The role with trust, tags, boundary and everything that hangs on it; `undefined` when there is none. */
export async function readRole(name: string, { aws, signal }: Reader): Promise<ObservedRole | undefined> {
  const sdk = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  return orAbsent(`reading the role ${name}`, async () => {
    const { Role: role } = await iam.send(new sdk.GetRoleCommand({ RoleName: name }), { abortSignal: signal });
    const [attached, inline] = await Promise.all([attachedTo(name, { aws, signal }), inlineOf(name, { aws, signal })]);
    return {
      name: role?.RoleName ?? name,
      arn: role?.Arn ?? "",
      trust: parseDocument(role?.AssumeRolePolicyDocument ?? ""),
      tags: tagMap(role?.Tags),
      boundary: role?.PermissionsBoundary?.PermissionsBoundaryArn,
      attached,
      inline,
    };
  });
}

async function attachedTo(role: string, { aws, signal }: Reader): Promise<readonly string[]> {
  const { ListAttachedRolePoliciesCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  const arns: string[] = [];
  for (let marker: string | undefined, more = true; more; ) {
    const command = new ListAttachedRolePoliciesCommand({ RoleName: role, Marker: marker });
    const page = await iam.send(command, { abortSignal: signal });
    arns.push(...(page.AttachedPolicies ?? []).map((policy) => policy.PolicyArn ?? ""));
    marker = page.Marker;
    more = page.IsTruncated === true;
  }
  return arns.sort();
}

async function inlineOf(role: string, { aws, signal }: Reader): Promise<readonly HangingPolicy[]> {
  const { GetRolePolicyCommand, ListRolePoliciesCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  const names: string[] = [];
  for (let marker: string | undefined, more = true; more; ) {
    const page = await iam.send(new ListRolePoliciesCommand({ RoleName: role, Marker: marker }), {
      abortSignal: signal,
    });
    names.push(...(page.PolicyNames ?? []));
    marker = page.Marker;
    more = page.IsTruncated === true;
  }
  return Promise.all(
    names.sort().map(async (name) => {
      const command = new GetRolePolicyCommand({ RoleName: role, PolicyName: name });
      const answer = await iam.send(command, { abortSignal: signal });
      return { name, document: parseDocument(answer.PolicyDocument ?? "") };
    }),
  );
}

/** A managed policy with its versions and the default version's document; `undefined` when there is none. */
export async function readPolicy(arn: string, { aws, signal }: Reader): Promise<ObservedPolicy | undefined> {
  const sdk = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  return orAbsent(`reading the policy ${arn}`, async () => {
    const { Policy: policy } = await iam.send(new sdk.GetPolicyCommand({ PolicyArn: arn }), { abortSignal: signal });
    const version = policy?.DefaultVersionId ?? "v1";
    const [shown, listed] = await Promise.all([
      iam.send(new sdk.GetPolicyVersionCommand({ PolicyArn: arn, VersionId: version }), { abortSignal: signal }),
      iam.send(new sdk.ListPolicyVersionsCommand({ PolicyArn: arn }), { abortSignal: signal }),
    ]);
    return {
      arn: policy?.Arn ?? arn,
      name: policy?.PolicyName ?? "",
      tags: tagMap(policy?.Tags),
      defaultVersion: version,
      versions: (listed.Versions ?? []).map((each) => each.VersionId ?? ""),
      document: parseDocument(shown.PolicyVersion?.Document ?? ""),
    };
  });
}

/** A policy whose name differs from `name` by case or path alone; IAM takes no second one. `undefined`: none, or policies may not be listed. */
export async function policyNamed(name: string, { aws, signal }: Reader): Promise<string | undefined> {
  const { ListPoliciesCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  return orDenied(undefined, "listing the account's policies", async () => {
    for (let marker: string | undefined, more = true; more; ) {
      const command = new ListPoliciesCommand({ Scope: "Local", MaxItems: 1_000, Marker: marker });
      const page = await iam.send(command, { abortSignal: signal });
      const found = page.Policies?.find((policy) => policy.PolicyName?.toLowerCase() === name.toLowerCase());
      if (found) return found.Arn;
      marker = page.Marker;
      more = page.IsTruncated === true;
    }
    return undefined;
  });
}

/** The document of a policy of others; absent where it may not be read. */
export async function readForeignPolicy(arn: string, { aws, signal }: Reader): Promise<HangingPolicy> {
  const sdk = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  return orDenied<HangingPolicy>({ name: arn, document: undefined }, `reading the policy ${arn}`, async () => {
    const { Policy: policy } = await iam.send(new sdk.GetPolicyCommand({ PolicyArn: arn }), { abortSignal: signal });
    const command = new sdk.GetPolicyVersionCommand({ PolicyArn: arn, VersionId: policy?.DefaultVersionId });
    const { PolicyVersion: version } = await iam.send(command, { abortSignal: signal });
    return { name: arn, document: parseDocument(version?.Document ?? "") };
  });
}

export async function readProvider(arn: string, { aws, signal }: Reader): Promise<ObservedProvider | undefined> {
  const { GetOpenIDConnectProviderCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  return orAbsent(`reading the OIDC provider ${arn}`, async () => {
    const command = new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn });
    const answer = await iam.send(command, { abortSignal: signal });
    return { arn, audiences: answer.ClientIDList ?? [] };
  });
}

const defaultQuotas: Quotas = { policySize: 6144, trustSize: 2048, versionsPerPolicy: 5, attachedPerRole: 10 };

/** The account's ceilings; without the right to read them IAM's defaults. */
export async function readQuotas({ aws, signal }: Reader): Promise<Quotas> {
  const { GetAccountSummaryCommand } = await import("@aws-sdk/client-iam");
  const iam = await iamClient(aws);
  return orDenied(defaultQuotas, "reading the account's IAM quotas", async () => {
    const { SummaryMap: map = {} } = await iam.send(new GetAccountSummaryCommand({}), { abortSignal: signal });
    return {
      policySize: map.PolicySizeQuota ?? defaultQuotas.policySize,
      trustSize: map.AssumeRolePolicySizeQuota ?? defaultQuotas.trustSize,
      versionsPerPolicy: map.VersionsPerPolicyQuota ?? defaultQuotas.versionsPerPolicy,
      attachedPerRole: map.AttachedPoliciesPerRoleQuota ?? defaultQuotas.attachedPerRole,
    };
  });
}

/** `undefined` for what is not there. */
async function orAbsent<T>(doing: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    if (/^NoSuchEntity/.test(errorName(thrown))) return undefined;
    throw fromAws(thrown, doing);
  }
}

/** `fallback` for what may not be read. */
export async function orDenied<T>(fallback: T, doing: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (errorStatus(thrown) === 403 && /^AccessDenied/.test(errorName(thrown))) return fallback;
    throw fromAws(thrown, doing);
  }
}

function tagMap(tags: readonly Tag[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]));
}
