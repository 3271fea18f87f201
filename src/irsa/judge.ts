import type { Finding } from "../action/context.ts";
import { UserError } from "../errors.ts";
import {
  audience,
  podIdentityService,
  podIdentityTags,
  podIdentityTrust,
  policyDocument,
  subjectClaim,
  webIdentityTrust,
} from "./documents.ts";
import { type Answer, decide } from "./evaluate.ts";
import { type Foreign, isUnread, type ObservedForeign } from "./existing.ts";
import { grantOf } from "./grant.ts";
import { issuerHost, providerArnOf } from "./identity.ts";
import { atomsOf } from "./meaning.ts";
import type { ObservedCluster, ObservedRole } from "./observed.ts";
import { noProvider } from "./refusals.ts";
import { documentText, statementLine } from "./show.ts";
import { probesOf } from "./simulate.ts";
import { annotatedAccount, foreignAccount, type IdentityValues, plainAccount, roleAnnotation } from "./values.ts";
import { wideStatements, wideTrust } from "./wide.ts";

/** What was found out about an identity of others. */
export interface Judgement {
  readonly roleArn: string;
  readonly values: IdentityValues;
  readonly proven: readonly string[];
  readonly unproven: readonly string[];
  readonly findings: readonly Finding[];
}

/** Compares what others made with what the model servers need. What is wrong is thrown, with the document to paste; what may not be read is unproven. */
export function judgeForeign(foreign: Foreign, seen: ObservedForeign): Judgement {
  const { roleArn } = seen;
  const pods = seen.associations?.some((association) => association.roleArn === roleArn) ?? false;
  const values = valuesOf(foreign, seen, pods);
  if (roleArn === undefined) throw noRole(foreign, seen);
  if (seen.role === undefined) throw missingRole(roleArn);
  const said: Said = { proven: [], unproven: [], findings: [] };
  if (seen.account.state === "not looked at")
    said.unproven.push(`whether the service account is there already (${seen.account.why})`);
  if (isUnread(seen.role)) {
    said.unproven.push(`trust and permissions of ${roleArn} (${seen.role.unread})`);
  } else {
    judgeTrust(foreign, seen, seen.role, pods, said);
    judgePermissions(foreign, seen, seen.role, said);
  }
  return { roleArn, values, ...said };
}

interface Said {
  readonly proven: string[];
  readonly unproven: string[];
  readonly findings: Finding[];
}

function valuesOf(foreign: Foreign, { account, roleArn }: ObservedForeign, pods: boolean): IdentityValues {
  const name = foreign.serviceAccount;
  if (account.state === "found" && !account.fromChart) {
    if (account.roleArn === undefined && !pods) throw notAnnotated(foreign, roleArn);
    if (account.roleArn !== undefined && account.roleArn !== roleArn) throw otherRole(foreign, account.roleArn);
    return foreignAccount(name);
  }
  return pods || roleArn === undefined ? plainAccount(name) : annotatedAccount(name, roleArn);
}

function judgeTrust(foreign: Foreign, seen: ObservedForeign, role: ObservedRole, pods: boolean, said: Said): void {
  const { cluster, provider } = seen;
  if (isUnread(cluster)) {
    said.unproven.push(`whether the role trusts the cluster (${cluster.unread})`);
    return;
  }
  if (!pods && provider === undefined) throw noProvider(cluster.name, cluster.issuer, foreign.place.account);
  if (isUnread(provider)) said.unproven.push(`whether the account knows the cluster's issuer (${provider.unread})`);
  const answer = pods ? podsAnswer(foreign, role) : webAnswer(foreign, cluster, role);
  if (answer === "explicitDeny" || answer === "implicitDeny") throw wrongTrust(foreign, cluster, role, pods);
  if (answer === "unsure") said.unproven.push("the trust policy (it has conditions that hang on more than the token)");
  else said.proven.push("the trust policy lets in the service account (read in IAM)");
  const wide = wideTrust(role.trust, foreign, cluster.issuer);
  if (wide.length > 0)
    said.findings.push({
      code: "IRSA_WIDE",
      level: "warning",
      happened: `The role ${role.name} can be assumed by others than ${foreign.namespace}/${foreign.serviceAccount} too:\n${wide.map((statement) => `  ${statementLine(statement)}`).join("\n")}`,
      next: "Ask its owner whether they need it; a role for this service account alone is safer.",
    });
}

function webAnswer(foreign: Foreign, { issuer }: ObservedCluster, role: ObservedRole): Answer {
  const host = issuerHost(issuer).toLowerCase();
  return decide(atomsOf(role.trust), {
    action: "sts:AssumeRoleWithWebIdentity",
    principal: `Federated:${providerArnOf(foreign.place, issuer)}`,
    context: { [`${host}:aud`]: audience, [`${host}:sub`]: subjectClaim(foreign) },
  });
}

function podsAnswer(foreign: Foreign, role: ObservedRole): Answer {
  const tags = Object.entries(podIdentityTags(foreign)).map(([key, value]) => [key.toLowerCase(), value]);
  const context = Object.fromEntries(tags) as Readonly<Record<string, string>>;
  const answers = ["sts:AssumeRole", "sts:TagSession"].map((action) =>
    decide(atomsOf(role.trust), { action, principal: `Service:${podIdentityService}`, context }),
  );
  return answers.find((answer) => answer !== "allowed") ?? "allowed";
}

/** Actions without which a model server cannot read at all; the rest of the guide's policy is a warning. */
const essential = new Set(["s3:ListBucket", "s3:GetObject", "kms:Decrypt"]);

function judgePermissions(foreign: Foreign, seen: ObservedForeign, role: ObservedRole, said: Said): void {
  if (!foreign.reach) {
    said.unproven.push("what the role may read (no bucket was given)");
    return;
  }
  const scope = Object.keys(foreign.reach.prefixes).length > 0 ? "prefixes" : "bucket";
  const grant = grantOf({ ...foreign.reach, scope, partial: false }, foreign.place, seen.key?.arn, undefined);
  const readable = seen.policies.filter((policy) => policy.document !== undefined);
  const atoms = readable.flatMap((policy) => atomsOf(policy.document!));
  const incomplete = readable.length < seen.policies.length || role.boundary !== undefined;
  const refused: string[] = [];
  for (const probe of probesOf(grant, foreign.place).filter((each) => each.allowed))
    for (const action of probe.actions)
      for (const resource of probe.resources) {
        const answer = decide(atoms, { action, resource, context: lowerKeys(probe.context) });
        const line = `${action} on ${resource}`;
        if (answer === "unsure" || (answer === "implicitDeny" && incomplete)) said.unproven.push(line);
        else if (answer !== "allowed" && essential.has(action)) refused.push(line);
        else if (answer !== "allowed") said.findings.push(lacking(role.name, line));
      }
  if (refused.length > 0) throw wrongPermissions(role.name, refused, documentText(policyDocument(grant)));
  said.proven.push("the role's policies grant reading the checkpoints (read in IAM)");
  for (const policy of readable) {
    const wide = wideStatements(policy.document!, policyDocument({ ...grant, folders: undefined }));
    if (wide.length > 0)
      said.findings.push({
        code: "IRSA_WIDE",
        level: "warning",
        happened: `The role ${role.name} may do more than reading checkpoints needs, by ${policy.name}:\n${wide.map((statement) => `  ${statementLine(statement)}`).join("\n")}`,
        next: "Ask its owner whether that is meant.",
      });
  }
}

function lowerKeys(context: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]));
}

function lacking(role: string, line: string): Finding {
  return {
    code: "IRSA_PERMISSIONS_WRONG",
    level: "warning",
    happened: `The role ${role} does not grant ${line}, which the guide's policy has.`,
    next: "Ask its owner to add it, if a model server asks for it.",
  };
}

function noRole(foreign: Foreign, { account }: ObservedForeign): UserError {
  const name = `${foreign.namespace}/${foreign.serviceAccount}`;
  return new UserError("IRSA_ACCOUNT_WRONG", {
    happened:
      account.state === "not looked at"
        ? `No role is known: role-arn is not given, and the service account ${name} was not looked at (${account.why}).`
        : `No role is known: role-arn is not given, and the service account ${name} ${account.state === "absent" ? "does not exist" : "names none"}.`,
    next: "Give role-arn, or a service account with its annotation: eksctl create iamserviceaccount --help",
  });
}

function missingRole(roleArn: string): UserError {
  return new UserError("IRSA_ROLE_MISSING", {
    happened: `There is no role ${roleArn}.`,
    next: `Correct role-arn (or the annotation ${roleAnnotation} of the service account), or have its owner create it.`,
  });
}

function notAnnotated({ namespace, serviceAccount, roleArn: wanted }: Foreign, roleArn: string | undefined): UserError {
  return new UserError("IRSA_ACCOUNT_WRONG", {
    happened: `The service account ${namespace}/${serviceAccount} is there, belongs to others and names no role.`,
    next: `Have its owner run: kubectl annotate serviceaccount ${serviceAccount} -n ${namespace} ${roleAnnotation}=${wanted ?? roleArn ?? "<role-arn>"}`,
  });
}

function otherRole({ namespace, serviceAccount, roleArn }: Foreign, annotated: string): UserError {
  return new UserError("IRSA_ACCOUNT_WRONG", {
    happened: `The service account ${namespace}/${serviceAccount} names the role ${annotated}; role-arn is ${roleArn}.`,
    next: `Set role-arn: ${annotated} (or leave it out), or have the owner of the service account change it.`,
  });
}

function wrongTrust(foreign: Foreign, cluster: ObservedCluster, role: ObservedRole, pods: boolean): UserError {
  const document = pods ? podIdentityTrust(foreign) : webIdentityTrust(foreign, cluster.issuer, foreign.place);
  return new UserError("IRSA_TRUST_WRONG", {
    happened: `The role ${role.arn} does not let ${foreign.namespace}/${foreign.serviceAccount} of ${cluster.name} assume it; pods would get AccessDenied. Its trust policy says:\n${documentText(role.trust)}`,
    next: `Have its owner set this trust policy:\n${documentText(document)}`,
  });
}

function wrongPermissions(role: string, refused: readonly string[], document: string): UserError {
  return new UserError("IRSA_PERMISSIONS_WRONG", {
    happened: `The role ${role} does not grant what the model servers need:\n${refused.map((line) => `  - ${line}`).join("\n")}`,
    next: `Have its owner attach this policy:\n${document}`,
  });
}
