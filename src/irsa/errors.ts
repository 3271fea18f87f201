import type { Catalogue } from "../errors.ts";

const denied = "An `AccessDenied` error usually means the IRSA role's policy does not cover the bucket or its KMS key.";

export const irsaErrors: Catalogue = {
  IRSA_INPUT_MISSING: {
    means: "An input that the chosen mode needs is missing.",
    remedy: "Give the input that the message names.",
  },
  IRSA_SUBJECT: {
    means: "Namespace or service account is not one exact Kubernetes name; a trust policy never holds a pattern.",
    remedy: "Give the names as Kubernetes has them.",
  },
  IRSA_NO_ISSUER: {
    means: "The cluster has no OIDC issuer yet: it is still being made.",
    remedy: "Wait until the cluster is ACTIVE, then run again.",
  },
  IRSA_NO_PROVIDER: {
    means: "The account has no IAM OIDC provider for the cluster's issuer. Nothing was written.",
    remedy:
      "Set `create-oidc-provider: true`, or run: eksctl utils associate-iam-oidc-provider --cluster <cluster> --approve",
  },
  IRSA_PROVIDER_AUDIENCE: {
    means: "The IAM OIDC provider does not accept tokens for sts.amazonaws.com. Nothing was written.",
    remedy: "Add the audience with the command that the message gives.",
  },
  IRSA_STRANGER: {
    means:
      "A role, policy or association does not carry our owner tag, or carries another owner's. Nothing was written.",
    remedy:
      "Choose another role-name or policy-name; or `adopt: true` to take over what has no owner; or `mode: existing` to use it as it is.",
  },
  IRSA_NAME_TAKEN: {
    means: "IAM has the name already in other letters' case or under another path. Nothing was written.",
    remedy: "Write the name and path exactly as IAM has them, or choose another name.",
  },
  IRSA_LIMIT: {
    means: "A document or list would be larger than the account's IAM quota. Nothing was written.",
    remedy: "Use `scope: bucket`, detach what is not needed, or ask AWS for a higher quota.",
  },
  IRSA_PREFIX_ELSEWHERE: {
    means: "A model's checkpoints lie in another bucket than the one that the policy is for.",
    remedy: "Move the checkpoints, or correct `bucket`.",
    guide: denied,
  },
  IRSA_NO_PREFIXES: {
    means: "`scope: prefixes` was chosen, and there are no prefixes.",
    remedy: "Give `prefixes`, or `scope: bucket`.",
  },
  IRSA_KEY_UNKNOWN: {
    means: "The KMS key of the bucket cannot be found out.",
    remedy: "Allow s3:GetEncryptionConfiguration and kms:DescribeKey, or set kms-key-arn.",
    guide: denied,
  },
  IRSA_KEY_UNUSABLE: {
    means: "The KMS key is disabled, to be deleted, missing, or in another region. Nothing was written.",
    remedy: "Enable the key, or correct kms-key-arn or the bucket's default encryption.",
    guide: denied,
  },
  IRSA_KEY_MISSING: {
    means: "The bucket uses SSE-KMS, and the policy grants no key or another one.",
    remedy: "Set kms-key-arn to auto, or make sure that the objects are encrypted with the key that it names.",
    guide: denied,
  },
  IRSA_NO_AGENT: {
    means: "Pod Identity needs the EKS Pod Identity Agent, which the cluster does not have. Nothing was written.",
    remedy: "Run: aws eks create-addon --cluster-name <cluster> --addon-name eks-pod-identity-agent",
  },
  IRSA_AGENT_UNPROVEN: {
    means: "The EKS Pod Identity Agent is unhealthy, or may not be read.",
    remedy: "Look at the add-on: aws eks describe-addon --cluster-name <cluster> --addon-name eks-pod-identity-agent",
  },
  IRSA_ASSOCIATION_UNREAD: {
    means: "The cluster's Pod Identity associations may not be read.",
    remedy: "Grant eks:ListPodIdentityAssociations and eks:DescribePodIdentityAssociation (docs/permissions.md).",
  },
  IRSA_WIDE: {
    means: "The role can do, or be assumed by, more than reading checkpoints needs. It stays as it is.",
    remedy: "Remove what the message shows, where nobody else needs it.",
  },
  IRSA_UNREAD_POLICY: {
    means: "A policy on the role may not be read, so what it grants is not known.",
    remedy: "Grant iam:GetPolicy and iam:GetPolicyVersion on it, or detach it.",
  },
  IRSA_LEFTOVER: {
    means: "What another mode needed is still there; it harms nothing and keeps running pods going.",
    remedy: "Remove it once the release runs in the new mode.",
  },
  IRSA_DOCUMENT: {
    means: "IAM gave a policy document that cannot be understood.",
    remedy: "Look at the role's trust and policies in the IAM console.",
  },
  IRSA_CONCURRENT: {
    means: "Role or policy are not as they were written: somebody else changes them at the same time.",
    remedy: "Find the other writer (CloudTrail), then run again: what is finished is not repeated.",
  },
  IRSA_DENIED: {
    means: "IAM's simulator says that the role may not read the checkpoints, although its policy says so.",
    remedy: "Look at the permissions boundary and the organisation's service control policies.",
    guide: denied,
  },
  IRSA_NOT_VERIFIED: {
    means: "Something could not be proven, because it may not be read or simulated.",
    remedy: "Grant what the message names, or live with it: a pod that may not read says AccessDenied.",
  },
  IRSA_TRUST_WRONG: {
    means: "The role of others does not let the service account assume it.",
    remedy: "Give its owner the trust policy that the message shows.",
    guide: denied,
  },
  IRSA_PERMISSIONS_WRONG: {
    means: "The role of others does not grant what the model servers need.",
    remedy: "Give its owner the policy that the message shows.",
    guide: denied,
  },
  IRSA_ROLE_MISSING: {
    means: "The role of others does not exist.",
    remedy: "Correct role-arn, or the annotation of the service account.",
  },
  IRSA_ACCOUNT_WRONG: {
    means: "The service account of others is missing, or names another role than role-arn.",
    remedy: "Correct role-arn, or annotate the service account as the message shows.",
  },
  IRSA_STATIC: {
    means: "Static keys do not expire and lie in the cluster; a role is better wherever it is possible.",
    remedy: "Use mode irsa or pod-identity.",
  },
};
