/** What the sample's spec says beyond what is always the same. */
export interface SampleSpec {
  readonly region: string;
  readonly account: string;
  readonly cluster: string;
  readonly bucket: string;
  readonly certificateArn: string;
  /** Path of the bundle and of each checkpoint, by model key, as the spec shall name them. */
  readonly bundle: string;
  readonly checkpoints: Readonly<Record<string, string>>;
}

/** The three models of the guide's example. */
export const sampleModels = [
  { key: "laguna-m", modelName: "Laguna", modelType: "agent", gpus: 4, host: "laguna-m.dev.example.com" },
  { key: "laguna-xs", modelName: "Laguna", modelType: "agent_small", gpus: 1, host: "laguna-xs.dev.example.com" },
  { key: "point", modelName: "Point", modelType: "completion", gpus: 1, host: "point.dev.example.com" },
] as const;

/** A release spec for the sample bundle, as a platform team would write it. */
export function sampleSpec(given: SampleSpec): string {
  const models = sampleModels.map(
    (model) =>
      `    ${model.key}: { checkpoint: "${given.checkpoints[model.key]}", modelName: ${model.modelName}, modelType: ${model.modelType}, gpus: ${model.gpus}, host: ${model.host} }`,
  );
  return `# yaml-language-server: $schema=https://raw.githubusercontent.com/poolside/eks-deploy/v1/schemas/eks-deploy.schema.json
version: 1
defaults:
  aws: { region: ${given.region}, account: "${given.account}" }
  cluster: ${given.cluster}
  images: { bundle: "${given.bundle}" }
  checkpoints: { bucket: ${given.bucket} }
  ingress: { scheme: internet-facing, certificateArn: "${given.certificateArn}" }
  models:
${models.join("\n")}
environments:
  dev: {}
`;
}
