import type { ReleaseRecord } from "../../../src/record/record.ts";

const hex = (letter: string) => letter.repeat(64);

/** A record as a release of the guide's example writes it. */
export const example: ReleaseRecord = {
  version: 1,
  tool: "1.0.0",
  environment: "dev",
  release: "inference",
  namespace: "poolside-models",
  cluster: "poolside",
  account: "210987654321",
  region: "us-east-2",
  resolved: { "helm-deploy.release": { value: "inference", origin: "default" } },
  images: { atlas: { repository: "atlas", tag: "2611.0", digest: `sha256:${hex("a")}` } },
  checkpoints: {
    "laguna-m": {
      prefix: "s3://acme-models-dev/checkpoints/laguna-m/laguna_m_2611/",
      manifest: hex("b"),
      files: 4,
      bytes: 4_000,
      parameters: 2_000,
    },
    point: { prefix: "s3://acme-models-dev/checkpoints/point/" },
  },
  chart: { sha256: hex("c"), version: "1.4.0", place: `s3://acme-models-dev/eks-deploy/charts/${hex("c")}.tgz` },
  valuesSha256: hex("d"),
  identity: {
    roleArn: "arn:aws:iam::210987654321:role/inference-pod-role",
    policyArn: "arn:aws:iam::210987654321:policy/inference-pod-policy",
  },
  revision: 3,
  models: [{ key: "point", host: "point.dev.example.com" }],
  smoke: { point: { verdict: "pass" } },
  planSha256: hex("e"),
  run: {
    url: "https://github.com/acme/models/actions/runs/1",
    actor: "octocat",
    repository: "acme/models",
    sha: "0".repeat(40),
  },
  startedAt: "2026-11-24T00:00:00.000Z",
  finishedAt: "2026-11-24T00:10:00.000Z",
};
