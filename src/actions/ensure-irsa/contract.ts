import { isBucket, isDnsLabel } from "../../action/checks.ts";
import { clusterInputs, commonInputs, commonOutputs, releaseInputs } from "../../action/common.ts";
import { defineContract, InputProblem, type SpecFinder } from "../../action/contract.ts";
import { choice, data, flag, map, text } from "../../action/inputs.ts";
import { jsonOutput, textOutput } from "../../action/outputs.ts";
import { asTextMap } from "../../action/structured.ts";
import type { IdentityValues } from "../../irsa/values.ts";

/** IAM's own rule for names of roles and policies. */
function isName(longest: number) {
  return (value: string): void => {
    if (!/^[\w+=,.@-]+$/.test(value))
      throw new InputProblem(`must be made of letters, digits and +=,.@_-; it is "${value}"`);
    if (value.length > longest) throw new InputProblem(`must be at most ${longest} characters; it has ${value.length}`);
  };
}

function isPath(value: string): void {
  if (!/^\/([\w+=,.@-]+\/)*$/.test(value) || value.length > 512)
    throw new InputProblem(`must begin and end with "/", as /poolside/; it is "${value}"`);
}

function isArn(kind: "role" | "policy") {
  return (value: string): void => {
    if (!new RegExp(`^arn:[a-z-]+:iam::(\\d{12}|aws):${kind}/[!-~]+$`).test(value))
      throw new InputProblem(`must be the ARN of a ${kind}; it is "${value}"`);
  };
}

function isKeyChoice(value: string): void {
  if (value !== "auto" && value !== "none" && !/^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(key|alias)\/.+$/.test(value))
    throw new InputProblem(`must be auto, none or the ARN of a KMS key; it is "${value}"`);
}

/** IAM's rules for tags; keys are unique without case, and `eks-deploy/` is ours. */
function asTags(value: unknown): Readonly<Record<string, string>> {
  const tags = asTextMap(value);
  const text = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
  for (const [key, content] of Object.entries(tags)) {
    if (key === "" || key.length > 128 || !text.test(key))
      throw new InputProblem(`has the key "${key}", which is no tag`);
    if (/^(aws:|eks-deploy\/)/i.test(key)) throw new InputProblem(`has the key "${key}", which is reserved`);
    if (content.length > 256 || !text.test(content)) throw new InputProblem(`has no valid value for the tag ${key}`);
  }
  const keys = Object.keys(tags).map((key) => key.toLowerCase());
  if (new Set(keys).size < keys.length) throw new InputProblem("has two keys that differ only by case");
  if (keys.length > 49) throw new InputProblem("has more than 49 tags");
  return tags;
}

/** The identity's own key of the spec, else the one of the checkpoints. */
function identityOrCheckpoints(key: string) {
  return (find: SpecFinder) => find(`identity.${key}`) ?? find(`checkpoints.${key}`);
}

export const contract = defineContract({
  name: "ensure-irsa",
  title: "Poolside on EKS: identity",
  description: "Reconcile the IAM identity with which the model servers read their checkpoints.",
  inputs: {
    mode: choice(["irsa", "pod-identity", "existing", "static-secret"], {
      default: "irsa",
      description:
        "How pods get credentials: a role by the cluster's OIDC issuer, a Pod Identity association, a role or service account of others (read and compared, nothing written), or static keys in a Secret.",
      spec: "identity.mode",
    }),
    ...clusterInputs(false),
    namespace: releaseInputs.namespace,
    "service-account": text({
      default: "inference",
      description: "Service account of the model servers; part of the trust policy's subject.",
      spec: "identity.serviceAccount",
      check: isDnsLabel,
    }),
    bucket: text({
      description: "Bucket that holds the checkpoints.",
      example: "acme-models-dev",
      spec: identityOrCheckpoints("bucket"),
      check: isBucket,
    }),
    scope: choice(["bucket", "prefixes"], {
      default: "bucket",
      description: "What the policy grants: the bucket, as in the guide, or only the models' folders in it.",
      spec: "identity.scope",
    }),
    prefixes: map({
      description: "Checkpoint prefix by model key.",
      example: "point=s3://acme-models-dev/checkpoints/point/",
      report: "sync-checkpoints.prefixes",
    }),
    "kms-key-arn": text({
      default: "auto",
      description: "Key that the checkpoints are encrypted with: `auto` (the bucket's default), `none`, or its ARN.",
      spec: identityOrCheckpoints("kmsKeyArn"),
      check: isKeyChoice,
    }),
    "role-arn": text({
      description: "Role of others, with mode existing.",
      example: "arn:aws:iam::210987654321:role/inference-pod-role",
      spec: "identity.roleArn",
      check: isArn("role"),
    }),
    "role-name": text({
      default: "inference-pod-role",
      description: "Name of the role.",
      spec: "identity.roleName",
      check: isName(64),
    }),
    "policy-name": text({
      default: "inference-pod-policy",
      description: "Name of the policy.",
      spec: "identity.policyName",
      check: isName(128),
    }),
    path: text({
      default: "/",
      description: "IAM path of role and policy.",
      example: "/poolside/",
      spec: "identity.path",
      check: isPath,
    }),
    "permissions-boundary": text({
      description: "ARN of a permissions boundary for the role. One that is there already stays.",
      example: "arn:aws:iam::210987654321:policy/boundary",
      spec: "identity.permissionsBoundary",
      check: isArn("policy"),
    }),
    tags: data(asTags, {
      default: "{}",
      description: "Tags of what is created, beside our own: YAML, or `key=value` lines.",
      example: "team=ml",
      spec: "identity.tags",
    }),
    adopt: flag({
      default: "false",
      description: "Take over a role, policy or association that carries no owner tag of ours.",
      spec: "identity.adopt",
    }),
    "create-oidc-provider": flag({
      default: "false",
      description: "Create the account's IAM OIDC provider for the cluster where it is missing.",
      spec: "identity.createOidcProvider",
    }),
    simulate: choice(["auto", "required", "off"], {
      default: "auto",
      description: "Prove access with IAM's policy simulator: where it is allowed, always, or never.",
      spec: "identity.simulate",
    }),
    "s3-secret": text({
      default: "aws-credentials",
      description: "With mode static-secret: the Secret with the keys, which helm-deploy writes.",
      spec: "identity.s3Secret",
      check: isDnsLabel,
    }),
    ...commonInputs("deploy"),
  },
  outputs: {
    "role-arn": textOutput("ARN of the role; empty with static-secret."),
    "policy-arn": textOutput("ARN of the policy; empty where others own the role, and with static-secret."),
    values: jsonOutput<IdentityValues>("Fragment of the chart's values: serviceAccount or s3 (JSON)."),
    ...commonOutputs,
  },
});
