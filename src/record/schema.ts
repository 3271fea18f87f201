type Schema = Readonly<Record<string, unknown>>;

const sha256: Schema = { type: "string", pattern: "^[0-9a-f]{64}$" };
const text = (description: string): Schema => ({ type: "string", description });
const filled = (description: string): Schema => ({ type: "string", minLength: 1, description });
const time = (description: string): Schema => ({ type: "string", format: "date-time", description });

function shape(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", description, properties, required, additionalProperties: false };
}

function mapOf(description: string, values: Schema): Schema {
  return { type: "object", description, additionalProperties: values };
}

const image = shape("An image by digest.", {
  repository: filled("Repository, with the prefix."),
  tag: filled("Tag, immutable."),
  digest: { type: "string", pattern: "^sha(256|512):[0-9a-f]+$", description: "Digest of the manifest or index." },
});

const checkpoint = shape(
  "A checkpoint by its manifest.",
  {
    prefix: { type: "string", pattern: "^s3://.+", description: "Where the files are." },
    manifest: {
      ...sha256,
      description: "Digest of `.eks-deploy/manifest.json`; absent where somebody else filled the prefix.",
    },
    files: { type: "integer", minimum: 0, description: "Number of files." },
    bytes: { type: "integer", minimum: 0, description: "Their size in bytes." },
    parameters: { type: "integer", minimum: 0, description: "Parameters, counted from the safetensors headers." },
  },
  ["manifest", "files", "bytes", "parameters"],
);

/** The JSON Schema (2020-12) of a release record. */
export function recordSchema(): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://raw.githubusercontent.com/poolside/eks-deploy/v1/schemas/release-record.schema.json",
    title: "Release record of eks-deploy",
    ...shape(
      "What was proven: the smoke test passed, and this says of what. No secrets. Kept under the SHA-256 of its canonical JSON (sorted keys, no space).",
      {
        version: { const: 1, description: "Version of this form." },
        tool: filled("Version of eks-deploy."),
        environment: filled("Overlay of the spec; `default` without one."),
        release: filled("Name of the Helm release."),
        namespace: filled("Namespace of the release."),
        cluster: text("Name of the EKS cluster, or the context."),
        account: { type: "string", pattern: "^[0-9]{12}$", description: "AWS account." },
        region: filled("AWS region."),
        specSha256: { ...sha256, description: "Digest of the spec file." },
        resolved: mapOf(
          "Every plain input, with the place that its value came from.",
          shape("A value and its origin.", { value: { description: "The value." }, origin: filled("Its origin.") }),
        ),
        images: mapOf("Images by name.", image),
        checkpoints: mapOf("Checkpoints by model key.", checkpoint),
        chart: shape("The chart.", {
          sha256: { ...sha256, description: "Digest of its archive." },
          version: filled("Version in Chart.yaml."),
          place: text("Where the archive is kept."),
        }),
        valuesSha256: { ...sha256, description: "Digest of the values file." },
        identity: shape("Identity of the model servers.", {
          roleArn: text("ARN of the role; empty with static-secret."),
          policyArn: text("ARN of the policy; empty where others own it."),
        }),
        revision: { type: "integer", minimum: 0, description: "Revision of the Helm release." },
        models: { type: "array", description: "Models as rendered.", items: { type: "object" } },
        smoke: mapOf("Results of the smoke test by model.", { type: "object" }),
        planSha256: { ...sha256, description: "Digest of the end state that was reached." },
        run: shape("The run that proved it.", {
          url: text("Its address."),
          actor: text("Who started it."),
          repository: text("Of which repository."),
          sha: text("Commit."),
        }),
        startedAt: time("When the release began."),
        finishedAt: time("When it was proven."),
        promotedFrom: shape("Where the same bytes were proven before; absent for a release that was not promoted.", {
          environment: filled("Environment that proved them first."),
          record: { ...sha256, description: "Digest of its record." },
        }),
      },
      ["specSha256", "promotedFrom"],
    ),
  };
}
