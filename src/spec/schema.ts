import { free, type JsonSchema, section, type TypeOf, text } from "./schema/builders.ts";
import { authentication, cluster, deploy, docs, identity, ingress } from "./schema/deploy-sections.ts";
import { models, promotion, smoke } from "./schema/model-sections.ts";
import { patterns } from "./schema/patterns.ts";
import { aws, checkpoints, images } from "./schema/transfer-sections.ts";

/** The keys of a layer: `defaults`, and each of `environments`. */
const layerKeys = {
  aws,
  cluster,
  namespace: text(
    { description: "Namespace of the release.", examples: ["poolside-models"], default: "poolside-models" },
    { pattern: patterns.label },
  ),
  release: text(
    { description: "Name of the Helm release.", examples: ["inference"], default: "inference" },
    { pattern: patterns.release },
  ),
  records: text(
    {
      description:
        "S3 place that runs share: records, charts, smoke results. Default: s3://<checkpoints.bucket>/eks-deploy/.",
      examples: ["s3://acme-models-dev/eks-deploy/"],
    },
    { pattern: patterns.s3Place },
  ),
  images,
  checkpoints,
  identity,
  authentication,
  ingress,
  deploy,
  docs,
  models,
  smoke,
  values: free({
    description: "Chart values, merged last over everything that is rendered.",
    examples: [{ nodeSelector: { pool: "gpu" } }],
    default: {},
  }),
  promotion,
};

const layer = section(
  { description: "Settings of the release, or of one environment.", examples: [{ cluster: "poolside" }] },
  layerKeys,
);

/** A layer of the spec, and what its layers resolve to. */
export type SpecLayer = TypeOf<typeof layer>;

/** `$id` of the published schema; the modeline of a spec names it. */
export const specId = "https://raw.githubusercontent.com/poolside/eks-deploy/v1/schemas/eks-deploy.schema.json";

/** The JSON Schema (2020-12) of `eks-deploy.yaml`, for editors and for ajv. Layers are partial: what an action needs, the action asks for. */
export function specSchema(): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: specId,
    title: "eks-deploy release spec",
    description:
      "What is released, where to, and how. `defaults` hold everywhere; `environments.<name>` is laid on them: maps merge, lists and plain values replace, null removes.",
    type: "object",
    required: ["version"],
    properties: {
      version: { const: 1, description: "Version of the spec's format.", examples: [1] },
      defaults: { $ref: "#/$defs/layer" },
      environments: {
        type: ["object", "null"],
        description: "Overlays by name, chosen by the input `environment`. An empty entry is the defaults alone.",
        examples: [{ dev: {}, production: { cluster: "poolside-prod" } }],
        propertyNames: { pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$" },
        additionalProperties: { $ref: "#/$defs/layer" },
      },
    },
    patternProperties: {
      "^x-": { description: "Ignored; a home for anchors." },
    },
    additionalProperties: false,
    $defs: { layer: layer.json },
  };
}
