import { RemoteError, UserError } from "../errors.ts";
import { audience, type PolicyDocument } from "./documents.ts";
import { type Identity, ownerOf } from "./identity.ts";
import type { Quotas } from "./observed.ts";

export function noIssuer(cluster: string): RemoteError {
  return new RemoteError("IRSA_NO_ISSUER", {
    happened: `The cluster ${cluster} has no OIDC issuer yet. Nothing was written.`,
    next: `Wait until it is ACTIVE (aws eks describe-cluster --name ${cluster} --query cluster.status), then run again.`,
  });
}

export function noProvider(cluster: string, issuer: string, account: string): UserError {
  return new UserError("IRSA_NO_PROVIDER", {
    happened: `The account ${account} has no IAM OIDC provider for the cluster ${cluster} (${issuer}). Nothing was written.`,
    next: `Set create-oidc-provider: true, or run: eksctl utils associate-iam-oidc-provider --cluster ${cluster} --approve`,
  });
}

export function wrongAudience(arn: string, audiences: readonly string[]): UserError {
  return new UserError("IRSA_PROVIDER_AUDIENCE", {
    happened: `The IAM OIDC provider ${arn} accepts tokens for ${audiences.join(", ") || "nobody"}, not for ${audience}. Nothing was written.`,
    next: `Run: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${audience}`,
  });
}

/** A thing that is not ours. */
export interface Stranger {
  readonly kind: "role" | "policy";
  readonly name: string;
  /** Its owner tag; absent where it has none. */
  readonly owner: string | undefined;
  /** What would be changed, a line each. */
  readonly differences: readonly string[];
}

export function strangers(identity: Identity, found: readonly Stranger[]): UserError {
  const lines = found.map(
    ({ kind, name, owner, differences }) =>
      `The ${kind} ${name} ${owner === undefined ? "carries no owner tag" : `belongs to ${owner}`}; we are ${ownerOf(identity)}.\n${differences.length === 0 ? "  It already says what is wanted." : `  It would be changed:\n${differences.map((line) => `    ${line}`).join("\n")}`}`,
  );
  const owned = found.find((stranger) => stranger.owner !== undefined);
  return new UserError("IRSA_STRANGER", {
    happened: `${lines.join("\n")}\nNothing was written.`,
    next: owned
      ? `Choose another ${owned.kind}-name for this cluster, namespace and service account. If ${owned.owner} is gone: aws iam untag-${owned.kind} ${owned.kind === "role" ? `--role-name ${owned.name}` : `--policy-arn ${owned.name}`} --tag-keys eks-deploy/owner, then adopt: true.`
      : "Set adopt: true to take over what has no owner (it is tagged and changed as shown); or choose another name; or use it as it is: mode: existing with role-arn.",
  });
}

export function strangerAssociation(
  identity: Identity,
  id: string,
  roleArn: string,
  addon: string | undefined,
): UserError {
  return new UserError("IRSA_STRANGER", {
    happened: `The service account ${identity.namespace}/${identity.serviceAccount} has the Pod Identity association ${id} with ${roleArn}, ${addon ? `which ${addon} manages` : "which we did not make"}. Nothing was written.`,
    next: addon
      ? "Remove it through that add-on, or use another service-account."
      : `Set adopt: true to point it to our role, or use that role: mode: existing with role-arn: ${roleArn}.`,
  });
}

export function nameTaken(kind: "role" | "policy", wanted: string, found: string): UserError {
  return new UserError("IRSA_NAME_TAKEN", {
    happened: `IAM has the ${kind} ${found}; wanted is ${wanted}. Names are unique without case and path. Nothing was written.`,
    next: `Write ${kind}-name and path exactly as in ${found}, or choose another ${kind}-name.`,
  });
}

/** Refuses documents over the account's ceilings: IAM counts characters without white space. */
export function checkSizes(documents: { policy: PolicyDocument; trust: PolicyDocument }, quotas: Quotas): void {
  const sizes = [
    ["permissions policy", JSON.stringify(documents.policy).replace(/\s/g, "").length, quotas.policySize],
    ["trust policy", JSON.stringify(documents.trust).replace(/\s/g, "").length, quotas.trustSize],
  ] as const;
  for (const [what, size, quota] of sizes)
    if (size > quota)
      throw new UserError("IRSA_LIMIT", {
        happened: `The ${what} would have ${size} characters; the account allows ${quota}. Nothing was written.`,
        next:
          what === "permissions policy"
            ? "Use scope: bucket, which needs no statement per model, or ask AWS for a higher quota."
            : "Ask AWS for a higher quota (role trust policy length).",
      });
}

export function tooManyAttached(role: string, quota: number): UserError {
  return new UserError("IRSA_LIMIT", {
    happened: `The role ${role} has ${quota} managed policies attached, as many as the account allows. Nothing was written.`,
    next: `Detach one: aws iam list-attached-role-policies --role-name ${role}`,
  });
}

export function noAgent(cluster: string): UserError {
  return new UserError("IRSA_NO_AGENT", {
    happened: `The cluster ${cluster} has no EKS Pod Identity Agent. Nothing was written.`,
    next: `Run: aws eks create-addon --cluster-name ${cluster} --addon-name eks-pod-identity-agent`,
  });
}

export function unreadAssociations(cluster: string): UserError {
  return new UserError("IRSA_ASSOCIATION_UNREAD", {
    happened: `The Pod Identity associations of ${cluster} may not be read. Nothing was written.`,
    next: "Grant eks:ListPodIdentityAssociations on the cluster and eks:DescribePodIdentityAssociation on its associations.",
  });
}

export function missing(input: string, mode: string, example: string): UserError {
  return new UserError("IRSA_INPUT_MISSING", {
    happened: `mode ${mode} needs ${input}, which is not given. Nothing was written.`,
    next: `Give ${input}, for example ${input}: ${example}`,
  });
}
