import type { Finding } from "../action/context.ts";
import type { Identity } from "./identity.ts";
import type { HangingPolicy, ObservedIdentity } from "./observed.ts";
import { statementLine } from "./show.ts";
import { keepsOther, type Wanted } from "./wanted.ts";
import { wideStatements } from "./wide.ts";

/** What is worth a warning and stays as it is: foreign policies on the role, leftovers of another mode, a key that does not fit. */
export function doubtsAbout(identity: Identity, wanted: Wanted, observed: ObservedIdentity): readonly Finding[] {
  return [
    ...(observed.role ? [...observed.role.inline, ...observed.foreign] : []).flatMap((policy) =>
      foreignPolicy(identity, wanted, policy),
    ),
    ...leftovers(identity, wanted, observed),
    ...keyDoubts(observed),
    ...agentDoubts(identity, observed),
  ];
}

function foreignPolicy(identity: Identity, wanted: Wanted, policy: HangingPolicy): readonly Finding[] {
  const role = identity.roleName;
  if (!policy.document)
    return [
      warning(
        "IRSA_UNREAD_POLICY",
        `The role ${role} also has the policy ${policy.name}, which may not be read. It stays.`,
        `Grant iam:GetPolicy and iam:GetPolicyVersion on it, or detach it: aws iam detach-role-policy --role-name ${role} --policy-arn ${policy.name}`,
      ),
    ];
  const wide = wideStatements(policy.document, wanted.policy);
  if (wide.length === 0) return [];
  return [
    warning(
      "IRSA_WIDE",
      `The role ${role} may do more than reading checkpoints needs, by the policy ${policy.name}, which is not ours and stays:\n${wide.map((statement) => `  ${statementLine(statement)}`).join("\n")}`,
      "Detach or delete that policy where nobody else needs it.",
    ),
  ];
}

function leftovers(identity: Identity, wanted: Wanted, observed: ObservedIdentity): readonly Finding[] {
  const found: Finding[] = [];
  const { roleName, cluster } = identity;
  if (observed.role && keepsOther(wanted, observed.role.trust))
    found.push(
      warning(
        "IRSA_LEFTOVER",
        `The role ${roleName} still lets the service account in by ${identity.mode === "irsa" ? "Pod Identity" : "the cluster's OIDC issuer"} too, so that pods of before the change keep their access.`,
        "Once the release runs, the statement can go: remove it from the role's trust policy.",
      ),
    );
  const [association] = observed.associations ?? [];
  if (identity.mode === "irsa" && association)
    found.push(
      warning(
        "IRSA_LEFTOVER",
        `The service account has the Pod Identity association ${association.id} with ${association.roleArn}, which irsa does not need.`,
        `Once the release runs, delete it: aws eks delete-pod-identity-association --cluster-name ${cluster} --association-id ${association.id}`,
      ),
    );
  return found;
}

function keyDoubts({ bucket, key }: ObservedIdentity): readonly Finding[] {
  const { encryption } = bucket;
  if (!encryption || encryption.algorithm === "AES256") return [];
  if (!key)
    return [
      warning(
        "IRSA_KEY_MISSING",
        `The bucket ${bucket.name} uses SSE-KMS, and kms-key-arn is none: the pods cannot decrypt.`,
        "Set kms-key-arn to auto.",
      ),
    ];
  const own = encryption.key;
  if (!own?.startsWith("arn:") || !own.includes(":key/") || own === key.arn) return [];
  return [
    warning(
      "IRSA_KEY_MISSING",
      `The policy grants ${key.arn}; new objects in ${bucket.name} are encrypted with ${own}.`,
      "Set kms-key-arn to auto, unless all checkpoints are encrypted with the key that you named.",
    ),
  ];
}

function agentDoubts({ mode, cluster }: Identity, { agent }: ObservedIdentity): readonly Finding[] {
  if (mode !== "pod-identity" || (agent !== "unhealthy" && agent !== "unknown")) return [];
  return [
    warning(
      "IRSA_AGENT_UNPROVEN",
      `The EKS Pod Identity Agent of ${cluster} ${agent === "unhealthy" ? "is not healthy" : "may not be read"}; without it pods get no credentials.`,
      `Look at it: aws eks describe-addon --cluster-name ${cluster} --addon-name eks-pod-identity-agent`,
    ),
  ];
}

function warning(code: string, happened: string, next: string): Finding {
  return { code, level: "warning", happened, next };
}
