import { clusterInputs, commonInputs, commonOutputs, releaseInputs } from "../../action/common.ts";
import type { Ambient } from "../../action/context.ts";
import { defineContract } from "../../action/contract.ts";
import { choice, data, flag, map, text } from "../../action/inputs.ts";
import { jsonOutput, textOutput } from "../../action/outputs.ts";
import { parseSource, type SourceRef, source } from "../../action/references.ts";
import { imageDigestsInput } from "../../facts/pushed-image.ts";
import { asModels, asValues } from "../../values/model.ts";
import type { RenderedModel } from "../../values/render.ts";

/** The spec may name a variable with a presigned URL that only the job that pushes the images has; here the chart comes from that job. */
function ifKnown(raw: unknown, ambient: Ambient): SourceRef | undefined {
  const variable = typeof raw === "string" && raw.startsWith("env:") ? raw.slice(4) : undefined;
  return variable !== undefined && !ambient.named(variable) ? undefined : parseSource(raw, ambient);
}

export const contract = defineContract({
  name: "render-values",
  title: "Poolside on EKS: render values",
  description: "Write the chart's values from the release spec, checked against spec, chart and AWS.",
  inputs: {
    bundle: {
      ...source({
        description: "Bundle folder that holds the chart; or give `chart`.",
        example: "./poolside-2611",
        spec: "images.bundle",
      }),
      parse: ifKnown,
    },
    chart: source({
      description: "Chart: its folder, a `.tgz`, or `s3://...tgz`.",
      example: "./poolside-2611/charts/inference",
      report: "push-images.chart",
    }),
    registry: text({
      description: "Registry of the images, with the prefix of repositories. Default: the account's ECR in the region.",
      example: "210987654321.dkr.ecr.us-east-2.amazonaws.com",
      report: "push-images.registry",
    }),
    "image-digests": imageDigestsInput,
    prefixes: map({
      description: "S3 prefix by model key; a model's own `prefix` in the spec comes first.",
      example: "laguna-m=s3://acme-models-dev/checkpoints/laguna-m/2611",
      report: "sync-checkpoints.prefixes",
    }),
    "identity-values": data(asValues, {
      required: true,
      description: "How pods get credentials: `serviceAccount` or `s3`, as ensure-irsa puts it out.",
      example: '{"serviceAccount":{"create":true,"annotations":{"eks.amazonaws.com/role-arn":"<arn>"}}}',
      report: "ensure-irsa.values",
    }),
    models: data(asModels, {
      required: true,
      description: "Models by key: modelName, modelType, gpus, host, extraHosts, prefix, values.",
      example: "point: { modelName: Point, modelType: completion, gpus: 1, host: point.dev.example.com }",
      spec: "models",
    }),
    "certificate-arn": text({
      description: "ACM certificate that covers every host; several separated by commas.",
      example: "arn:aws:acm:us-east-2:210987654321:certificate/0f1e2d3c",
      spec: "ingress.certificateArn",
    }),
    scheme: choice(["internal", "internet-facing"], {
      required: true,
      description: "Who reaches the load balancer: the VPC, or the internet.",
      spec: "ingress.scheme",
    }),
    "group-name": text({
      default: "poolside",
      description: "Load balancer group that all ingresses share.",
      spec: "ingress.groupName",
    }),
    "http-redirect": flag({
      default: "false",
      description: "Open port 80 and redirect it to 443; without it port 80 is closed.",
      spec: "ingress.httpRedirect",
    }),
    "authentication-secret": text({
      default: "vllm-auth",
      description: 'Secret with the API key; `none` (in the spec also `""`) turns authentication off.',
      spec: "authentication.secretName",
    }),
    values: data(asValues, {
      default: "{}",
      description: "Chart values, merged last; a warning where they replace something that was checked.",
      spec: "values",
    }),
    "allow-public-without-key": flag({
      default: "false",
      description: "Acknowledge an internet-facing load balancer without an API key.",
      spec: "ingress.allowPublicWithoutKey",
    }),
    "check-aws": flag({
      default: "true",
      description: "Check certificate, prefixes and images in AWS.",
    }),
    ...clusterInputs(false),
    ...releaseInputs,
    "helm-version": text({
      default: ">=3.12",
      description: "Versions of helm that may render the chart for the check.",
      spec: "deploy.helmVersion",
    }),
    output: text({ default: "inference_values.yaml", description: "File that is written." }),
    ...commonInputs("deploy"),
  },
  outputs: {
    "values-file": textOutput("Path of the values file."),
    "values-sha256": textOutput("SHA-256 of the values file."),
    "rendered-models": jsonOutput<readonly RenderedModel[]>(
      "List of models (JSON): key, host, url, modelName, modelType, gpus, prefix.",
    ),
    "chart-version": textOutput("Version of the chart that the values were checked against."),
    ...commonOutputs,
  },
});
