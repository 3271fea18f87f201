import type { Catalogue } from "../errors.ts";

/** Codes of the chart's values. */
export const valuesErrors: Catalogue = {
  VALUES_NOT_TEXT: {
    means: "A value cannot be written as YAML: half of a UTF-16 pair, or a number that is not finite.",
    remedy: "Replace the value in the spec or in the input `values`.",
  },
  VALUES_NO_PREFIX: {
    means: "It is not known where a model's checkpoint lies.",
    remedy: "Run sync-checkpoints before, give prefixes, or set models.<key>.prefix in the spec.",
  },
  VALUES_ONLY_NOT_LIVE: {
    means: "`only` leaves a model out, and its live values are not known.",
    remedy: "Give cluster (or kubeconfig and context), so that the live release can be read, or leave `only` away.",
  },
  VALUES_ONLY_UNKNOWN: {
    means: "`only` names a model that the spec does not have.",
    remedy: "Use one of the keys that the message lists.",
  },
  VALUES_HOST_INVALID: {
    means: "A host name is no lower-case DNS name of at least two labels (RFC 1123).",
    remedy: "Write it as the message shows.",
  },
  VALUES_HOST_TWICE: {
    means: "Two models (or the documentation site) have the same host name. The load balancer routes by host.",
    remedy: "Give each its own host name.",
  },
  VALUES_HOST_NOT_COVERED: {
    means: "A host name is not covered by the certificate. A wildcard covers exactly one label.",
    remedy: "Issue a certificate that includes the name, and set ingress.certificateArn to its ARN.",
  },
  VALUES_NO_CERTIFICATE: {
    means:
      "No certificate is named: the load balancer controller looks for one by host, and the first host without one stops all of them.",
    remedy: "Set ingress.certificateArn (input certificate-arn).",
  },
  VALUES_CERTIFICATE_UNUSABLE: {
    means:
      "The certificate cannot serve: not issued, not valid now, in another region or account, or managed by CloudFront.",
    remedy: "Use an issued certificate of Certificate Manager in the cluster's region and account.",
  },
  VALUES_CERTIFICATE_EXPIRES: {
    means: "The certificate runs out within 30 days and nothing renews it.",
    remedy: "Renew or import it again in Certificate Manager.",
  },
  VALUES_PUBLIC_WITHOUT_KEY: {
    means: "An internet-facing load balancer would serve models without an API key.",
    remedy:
      "Set authentication.secretName, make the load balancer internal, or acknowledge it with allow-public-without-key: true.",
  },
  VALUES_INGRESS_INVALID: {
    means: "An annotation of the load balancer breaks a rule of its controller; one bad Ingress stops the whole group.",
    remedy: "Correct the annotation as the message says.",
  },
  VALUES_ANNOTATION_UNKNOWN: {
    means: "The load balancer controller has no such annotation; it would be ignored without a word.",
    remedy: "Use the nearest known name that the message gives.",
  },
  VALUES_MODEL_INVALID: {
    means: "A model's key, type or prefix breaks a rule.",
    remedy: "Correct what the message names.",
  },
  VALUES_GPUS_UNUSUAL: {
    means: "The number of GPUs is not 1, 2, 4 or 8; the model server may not be able to shard over it.",
    remedy: "Use the number that Poolside gives for the model.",
  },
  VALUES_GPUS_SHORT: {
    means: "No node of the cluster has as many GPUs as a model asks for, or their memory is smaller than its weights.",
    remedy: "Set `gpus` to what Poolside gives for the model and the hardware, or add larger nodes.",
  },
  VALUES_OVERRIDE: {
    means: "The free `values` replace something that was rendered from checked settings.",
    remedy: "Use the key of the spec instead, where there is one.",
  },
  VALUES_ADDRESS_CHANGES: {
    means:
      "The scheme or the group of the load balancer changes: a new load balancer with a new address takes its place.",
    remedy: "Let DNS follow, and tell the clients; or keep the settings as they are live.",
  },
  VALUES_NO_CHART: {
    means: "No chart was given to render for.",
    remedy: "Give `chart`, `bundle`, or the report of push-images.",
  },
  VALUES_CHART_STACK: {
    means:
      "The chart is `inference-stack`, the platform's chart; this project releases the standalone chart `inference`.",
    remedy: "Give the chart charts/inference of the deployment bundle.",
  },
  VALUES_CHART_KEY: {
    means: "A value has a key that the chart does not know; helm would ignore it without a word.",
    remedy: "Use the nearest known key that the message gives, or a newer chart.",
  },
  VALUES_CHART_SCHEMA: {
    means: "The chart's values.schema.json does not allow the values.",
    remedy: "Correct the values that the message names.",
  },
  VALUES_CHART_PRESET: {
    means: "The chart does not preset an image's name or tag, so that it is not known which image runs.",
    remedy: "Use the chart as it came in the bundle, or set image.name and image.tag in values.",
  },
  VALUES_CHART_FAILS: {
    means: "helm cannot render the chart with the values, or renders something else than the guide describes.",
    remedy: "Read helm's words in the message.",
  },
  VALUES_PREFIX_EMPTY: {
    means: "A model's prefix holds no checkpoint, or a part of one.",
    remedy: "Correct the prefix, or run sync-checkpoints; compare with `aws s3 ls <prefix>/`.",
    guide:
      "If model pods never become ready and the init container logs show no checkpoint files synced, the S3 prefix may hold the checkpoint `.tar` instead of its extracted contents.",
  },
  VALUES_IMAGE_MISSING: {
    means: "The image that the chart presets is not in the registry.",
    remedy: "Run push-images with the bundle that the chart came with.",
    guide:
      "If image pulls fail, confirm the GPU node group's instance role has the `AmazonEC2ContainerRegistryReadOnly` policy and that the `atlas` repository exists in ECR.",
  },
  VALUES_IMAGE_DIFFERS: {
    means: "The tag of an image has another digest in the registry than push-images or the release record says.",
    remedy: "Find out who moved the tag; run push-images again, or release under another tag.",
  },
  VALUES_NOT_LOOKED_AT: {
    means: "A check was left out, because the role may not read what it needs or the place cannot be reached.",
    remedy: "Grant what docs/permissions.md lists, or ignore it.",
  },
};
