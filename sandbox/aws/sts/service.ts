import type { Form } from "../form.ts";
import type { IamState, Role } from "../iam/state.ts";
import type { Credential, Principals } from "../principals.ts";
import { queryService, required } from "../query.ts";
import { AwsError, type AwsService, type Caller, NotBuilt } from "../service.ts";
import type { XmlValue } from "../xml.ts";
import { trusts } from "./trust.ts";
import { type Issuers, judgeToken } from "./web-identity.ts";

export interface StsOptions {
  readonly iam: IamState;
  readonly principals: Principals;
  readonly issuers: Issuers;
}

/** STS: who is calling, and sessions of roles. */
export function createSts(options: StsOptions): AwsService {
  const role = (form: Form) => form.get("RoleArn") ?? "";
  return queryService(
    "sts",
    "2011-06-15",
    {
      // Needs no permission, and cannot be denied.
      GetCallerIdentity: {
        iam: [],
        run: (_form, { arn, userId, account }) => ({ Arn: arn, UserId: userId, Account: account }),
      },
      // What a role's trust allows needs no policy of the caller in the same account.
      AssumeRole: { iam: [], write: false, resource: role, run: (form, caller) => assumeRole(options, form, caller) },
      AssumeRoleWithWebIdentity: { iam: [], resource: role, run: (form) => assumeWithToken(options, form) },
    },
    (operation) => [operation.resource || "*"],
  );
}

function assumeRole(options: StsOptions, form: Form, caller: Caller): XmlValue {
  refuseUnbuilt(
    form,
    ["Policy", "SerialNumber", "TokenCode", "SourceIdentity"],
    ["PolicyArns", "Tags", "TransitiveTagKeys"],
  );
  const arn = required(form, "RoleArn");
  const found = options.iam.assumableRole(arn);
  const asker = { kind: "AWS", arn: caller.arn, account: caller.account } as const;
  if (!found || !trusts(found, asker, "sts:AssumeRole", { "sts:ExternalId": form.get("ExternalId") }))
    throw new AwsError(
      403,
      "AccessDenied",
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    );
  // A role that assumes a role (chaining) gets an hour at most.
  const chained = options.principals.find(caller.accessKeyId)?.roleArn !== undefined;
  return shown(session(options, found, form, chained ? 3600 : undefined));
}

function assumeWithToken(options: StsOptions, form: Form): XmlValue {
  refuseUnbuilt(form, ["Policy", "ProviderId"], ["PolicyArns"]);
  const token = required(form, "WebIdentityToken");
  if (token.length < 4 || token.length > 20_000)
    throw new AwsError(
      400,
      "ValidationError",
      "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000",
    );
  const { role, subject, audience, provider } = judgeToken(
    options.iam,
    options.issuers,
    token,
    required(form, "RoleArn"),
  );
  return {
    ...shown(session(options, role, form)),
    SubjectFromWebIdentityToken: subject,
    Audience: audience,
    Provider: provider.arn,
  };
}

function session(options: StsOptions, role: Role, form: Form, ceiling = role.maxSessionSeconds): Credential {
  const name = required(form, "RoleSessionName");
  if (!/^[\w+=,.@-]{2,64}$/.test(name))
    throw new AwsError(
      400,
      "ValidationError",
      `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  const seconds = form.number("DurationSeconds") ?? 3600;
  if (!Number.isInteger(seconds) || seconds < 900)
    throw new AwsError(
      400,
      "ValidationError",
      `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
    );
  if (seconds > ceiling)
    throw new AwsError(
      400,
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  return options.principals.addSession(role, name, options.iam.now(), seconds);
}

function shown({ caller, secretAccessKey, sessionToken, expiresAt }: Credential): Record<string, XmlValue> {
  return {
    AssumedRoleUser: { AssumedRoleId: caller.userId, Arn: caller.arn },
    Credentials: {
      AccessKeyId: caller.accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: new Date(expiresAt ?? 0),
    },
  };
}

function refuseUnbuilt(form: Form, names: readonly string[], lists: readonly string[]): void {
  for (const name of names)
    if (form.get(name) !== undefined) throw new NotBuilt("sts", `${form.get("Action")} with ${name}`);
  for (const name of lists)
    if (form.list(name).length + form.structures(name).length > 0)
      throw new NotBuilt("sts", `${form.get("Action")} with ${name}`);
}
