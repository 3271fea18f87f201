import { clusterInputs, commonInputs, commonOutputs, releaseInputs, timeoutInput } from "../../action/common.ts";
import { defineContract } from "../../action/contract.ts";
import { choice, duration, list, secret, text } from "../../action/inputs.ts";
import { integerOutput, jsonOutput, textOutput } from "../../action/outputs.ts";
import { source } from "../../action/references.ts";
import type { Diagnosis } from "../../deploy/diagnosis/diagnosis.ts";
import { imageDigestsInput } from "../../facts/pushed-image.ts";

export const contract = defineContract({
  name: "helm-deploy",
  title: "Poolside on EKS: deploy",
  description: "Install or upgrade the chart with Helm, watch the rollout, say what is wrong, and roll back.",
  inputs: {
    bundle: source({
      description: "Bundle folder that holds the chart; or give `chart`.",
      example: "./poolside-2611",
      spec: "images.bundle",
    }),
    chart: source({
      description: "Chart: its folder, a `.tgz`, or `s3://...tgz`.",
      example: "./poolside-2611/charts/inference",
      report: "push-images.chart",
    }),
    "values-file": text({
      required: true,
      description: "Values of the release, as render-values writes them.",
      example: "inference_values.yaml",
      report: "render-values.values-file",
    }),
    "image-digests": imageDigestsInput,
    ...clusterInputs(true),
    ...releaseInputs,
    "api-key": secret({
      description: "API key of the model servers, kept in the Secret `authentication-secret`.",
      example: "${{ secrets.VLLM_API_KEY }}",
    }),
    "api-key-from": text({
      description: "Where the key is kept instead: `secretsmanager:<arn>#<key>` or `ssm:<name>`.",
      spec: "authentication.keyFrom",
    }),
    "authentication-secret": text({
      default: "vllm-auth",
      description: "Name of the Secret with the API key (key `VLLM_API_KEY`).",
      spec: "authentication.secretName",
    }),
    "s3-access-key-id": secret({ description: "Static access key for the pods, where no role can be used." }),
    "s3-secret-access-key": secret({ description: "Its secret." }),
    "s3-secret": text({
      default: "aws-credentials",
      description: "Name of the Secret with the static access key.",
      spec: "identity.s3Secret",
    }),
    timeout: timeoutInput,
    "stall-timeout": duration({
      default: "15m",
      description: "How long a download may bring no byte; a model that loads may be silent for twice as long.",
      spec: "deploy.stallTimeout",
    }),
    "on-failure": choice(["rollback", "keep"], {
      default: "rollback",
      description: "A failed release: back to the last proven revision (a first install is uninstalled), or left.",
      spec: "deploy.onFailure",
    }),
    "on-cancel": choice(["leave", "rollback"], {
      default: "leave",
      description: "A cancelled release: left as it is, without a lock, or rolled back.",
      spec: "deploy.onCancel",
    }),
    "lock-timeout": duration({
      default: "10m",
      description: "How long to wait for another run's release.",
      spec: "deploy.lockTimeout",
    }),
    preflight: choice(["true", "only", "false"], {
      default: "true",
      description: "Check the cluster before the first write; `only`: and stop there.",
      spec: "deploy.preflight",
    }),
    accept: list({
      description: "Codes of known findings: they are shown as warnings and stop nothing.",
      example: "DEPLOY_GPU_SHORT",
      spec: "deploy.accept",
    }),
    "helm-version": text({
      default: ">=3.12",
      description: "Which helm to use: a version or a range. One on PATH that fits, else a pinned one is downloaded.",
      spec: "deploy.helmVersion",
    }),
    dns: choice(["none", "route53"], {
      default: "none",
      description: "Write alias records for the models' hosts; without it the records are printed.",
      spec: "deploy.dns",
    }),
    "hosted-zone-id": text({
      description: "Route 53 zone of the records.",
      example: "Z0123456789ABCDEFGHIJ",
      spec: "deploy.hostedZoneId",
    }),
    surge: choice(["auto", "recreate", "wait"], {
      default: "auto",
      description:
        "When old and new pods do not fit side by side: refuse, let the old ones go first (downtime), or wait for capacity.",
      spec: "deploy.surge",
    }),
    ...commonInputs("deploy"),
  },
  outputs: {
    revision: integerOutput("Revision of the release that is live."),
    status: textOutput(
      "`deployed`, `unchanged`, `rolled-back`, `rollback-failed`, `failed`, `superseded` or `cancelled`.",
    ),
    "rolled-back-to": integerOutput("Revision whose content is live again after a rollback."),
    addresses: jsonOutput<Readonly<Record<string, string>>>("Load balancer by host (JSON)."),
    diagnosis: jsonOutput<readonly Diagnosis[]>("What is wrong: object, code, cause, evidence, remedy (JSON)."),
    diff: textOutput("Objects and fields that change, without secrets."),
    ...commonOutputs,
  },
});
