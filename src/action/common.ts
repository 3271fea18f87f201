import { isAccount, isDnsLabel, isReleaseName } from "./checks.ts";
import type { Located, RawInput, SpecFinder } from "./contract.ts";
import { duration, flag, list, text } from "./inputs.ts";
import { flagOutput, integerOutput, textOutput } from "./outputs.ts";

/** Which of the spec's roles an action works with; a dry run always takes `plan`. */
export type Duty = "plan" | "transfer" | "deploy";

/** The inputs that every action has. */
export function commonInputs(duty: Duty) {
  return {
    spec: text({
      description: "Release spec. Every input overrides the spec's value. Default: `eks-deploy.yaml` where it exists.",
      example: "deploy/eks-deploy.yaml",
    }),
    environment: text({
      description: "Overlay of the spec (`environments.<name>`); another thing than GitHub's environment.",
      example: "staging",
    }),
    only: list({
      description: "Model keys to work on; all when empty. A model left out stays as it is live.",
      example: "laguna-m, point",
    }),
    reports: text({
      description: "Folder of report files of earlier actions; their outputs fill inputs that are not given.",
      example: "reports",
    }),
    "from-record": text({
      description:
        "Release record whose proven digests replace bundle and sources: a path, `s3://...`, its SHA-256 or `latest`.",
      example: "latest",
    }),
    records: text({
      description:
        "S3 place that runs share: records, charts, smoke results, bundle indexes. Default: `s3://<checkpoints.bucket>/eks-deploy/`.",
      example: "s3://acme-models-dev/eks-deploy/",
      spec: recordsOf,
    }),
    "dry-run": flag({ default: "false", description: "Observe and plan only; nothing outside the runner is written." }),
    "approved-plan": text({
      description: "A `plan-sha256`: reach exactly that end state, or stop with the difference.",
    }),
    "fail-on-changes": flag({ default: "false", description: "Fail when the plan is not empty; for drift checks." }),
    "aws-region": text({
      description: "AWS region. Default: the spec's, then `AWS_REGION`.",
      example: "us-east-2",
      spec: "aws.region",
    }),
    "aws-account-id": text({
      description: "The account that must be found; another one stops the action before the first write.",
      example: "210987654321",
      spec: "aws.account",
      check: isAccount,
    }),
    "role-to-assume": text({
      description: `Role to assume with the job's OIDC token (\`id-token: write\`); renewed by itself. Default: the spec's \`aws.roles.${duty}\`, in a dry run \`aws.roles.plan\`, else ambient credentials.`,
      example: "arn:aws:iam::210987654321:role/eks-deploy",
      spec: (find: SpecFinder, raw: RawInput) => find(`aws.roles.${raw("dry-run") === "true" ? "plan" : duty}`),
    }),
  };
}

function recordsOf(find: SpecFinder): Located | undefined {
  const given = find("records");
  if (given) return given;
  const bucket = find("checkpoints.bucket");
  return bucket && { value: `s3://${String(bucket.value)}/eks-deploy/`, origin: bucket.origin, at: bucket.at };
}

/** The outputs that every action has. */
export const commonOutputs = {
  headline: textOutput("One plain sentence for a chat message, an issue's title, a pager."),
  changed: flagOutput("Whether anything was written."),
  changes: integerOutput("Number of planned changes."),
  "plan-sha256": textOutput("Digest of the planned end state."),
  plan: textOutput("Path of the plan (JSON)."),
  report: textOutput("Path of the report file (JSON), for the input `reports` of later actions."),
};

/** How to reach the cluster, for actions that need it or can use it. */
export function clusterInputs(required: boolean) {
  return {
    cluster: text({
      description: `Name of the EKS cluster${required ? "; or give `kubeconfig` and `context`" : ". Optional: without access the cluster checks say `not looked at`"}.`,
      example: "poolside-prod",
      spec: (find: SpecFinder) => {
        const cluster = find("cluster");
        return cluster && typeof cluster.value === "object" ? find("cluster.name") : cluster;
      },
    }),
    kubeconfig: text({ description: "Kubeconfig file, instead of `cluster`.", spec: "cluster.kubeconfig" }),
    context: text({ description: "Context of the kubeconfig.", spec: "cluster.context" }),
  };
}

/** Namespace and release: they name what an action works on. */
export const releaseInputs = {
  namespace: text({
    default: "poolside-models",
    description: "Namespace of the release; part of the trust policy's subject.",
    spec: "namespace",
    check: isDnsLabel,
  }),
  release: text({
    default: "inference",
    description: "Name of the Helm release.",
    spec: "release",
    check: isReleaseName,
  }),
};

/** A deadline input. */
export const timeoutInput = duration({
  default: "60m",
  description: "How long the rollout may take in all.",
  spec: "deploy.timeout",
});
