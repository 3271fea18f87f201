import { UserError } from "../../../src/errors.ts";
import { resolveSpec } from "../../../src/spec/load.ts";

/** The spec of the README's first page, with every section. */
export const wholeSpec = `version: 1
defaults:
  aws: { region: us-east-2, account: "210987654321", roles: { plan: "arn:aws:iam::210987654321:role/plan", transfer: "arn:aws:iam::210987654321:role/transfer", deploy: "arn:aws:iam::210987654321:role/deploy" } }
  cluster: poolside
  namespace: poolside-models
  release: inference
  records: s3://acme-models-dev/eks-deploy/
  images: { bundle: "s3://acme-intake/poolside-2611.tar.gz", sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, repositoryPrefix: "" }
  checkpoints: { bucket: acme-models-dev, prefix: checkpoints, layout: versioned, kmsKeyArn: auto }
  identity: { mode: irsa, roleName: inference-pod-role }
  authentication: { secretName: vllm-auth, keyFrom: "secretsmanager:arn:aws:secretsmanager:us-east-2:210987654321:secret:vllm#VLLM_API_KEY" }
  ingress: { scheme: internal, groupName: poolside, certificateArn: "arn:aws:acm:us-east-2:210987654321:certificate/0f1e", httpRedirect: false, annotations: {} }
  deploy: { timeout: 60m, onFailure: rollback, surge: auto, dns: none, accept: [] }
  docs: { enabled: false, host: docs.dev.example.com }
  models:
    laguna-m: { checkpoint: "s3://acme-intake/laguna_m_2611.tar", modelName: Laguna, modelType: agent, gpus: 4, host: laguna-m.dev.example.com }
    point: { prefix: "s3://acme-models-dev/checkpoints/point/", modelName: Point, modelType: completion, gpus: 1, host: point.dev.example.com, values: {} }
  smoke: { thresholds: { first-token-ms: 2000 }, samples: 5, maxRegression: 25 }
  values: {}
environments:
  dev: {}
  staging:
  production:
    aws: { account: "310987654321", roles: { plan: "arn:aws:iam::310987654321:role/plan" } }
    cluster: { name: poolside-prod }
    checkpoints: { bucket: acme-models-prod }
    models: { laguna-m: { host: laguna-m.example.com }, point: { prefix: "s3://acme-models-prod/checkpoints/point/", host: point.example.com } }
    promotion: { from: staging, minSoak: 24h, maxAge: 14d }
`;

/** What is wrong with a spec: `line:column words`, or nothing. */
export function problemsOf(text: string, environment?: string): readonly string[] {
  try {
    resolveSpec(text, "eks-deploy.yaml", environment);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return thrown.problems.map(({ happened, at }) => `${at?.line}:${at?.column} ${happened}`);
  }
}

/** A spec of one layer. */
export function layer(yaml: string): string {
  const lines = yaml.split("\n").map((line) => `  ${line}`);
  return `version: 1\ndefaults:\n${lines.join("\n")}\n`;
}
