import { createHash } from "node:crypto";
import { sampleTags } from "../../../sandbox/sample/bundle.ts";
import { sampleModels } from "../../../sandbox/sample/spec.ts";
import type { World } from "../../../sandbox/world.ts";

/** What an SDK client needs to act as the world's user. */
export function clientSettings({ env }: World) {
  return {
    region: env["AWS_REGION"]!,
    endpoint: env["AWS_ENDPOINT_URL"]!,
    maxAttempts: 1,
    credentials: { accessKeyId: env["AWS_ACCESS_KEY_ID"]!, secretAccessKey: env["AWS_SECRET_ACCESS_KEY"]! },
  };
}

/** Puts image, checkpoints and role where the guide's steps 2 to 4 put them, past the wire; gives the values of step 6. */
export function layRelease(world: World, namespace = "poolside-models") {
  const { ecr, s3, iam } = world.aws;
  const { bucket, certificateArn } = world.names;
  const content = Buffer.from('{"schemaVersion":2}');
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const repository = ecr.add("atlas");
  repository.tags.set(sampleTags.atlas, digest);
  repository.images.set(digest, {
    digest,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    content,
    manifest: { blobs: [], layers: 0, children: [], subject: undefined, artifactType: undefined, annotations: {} },
    pushedAt: world.now(),
    status: "ACTIVE",
  });
  for (const { key } of sampleModels) {
    s3.put(bucket, `checkpoints/${key}/config.json`, "{}");
    s3.put(bucket, `checkpoints/${key}/model.safetensors`, "weights");
  }
  const host = world.cluster.issuer.url.replace("https://", "");
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: iam.arn("oidc-provider", host) },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${host}:aud`]: "sts.amazonaws.com",
            [`${host}:sub`]: `system:serviceaccount:${namespace}:inference`,
          },
        },
      },
    ],
  };
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["s3:ListBucket"], Resource: `arn:aws:s3:::${bucket}` },
      { Effect: "Allow", Action: ["s3:GetObject"], Resource: `arn:aws:s3:::${bucket}/*` },
      { Effect: "Allow", Action: ["kms:Decrypt"], Resource: world.aws.s3.bucket(bucket).encryption.keyArn ?? "*" },
    ],
  };
  const role = {
    name: "inference-pod-role",
    path: "/",
    arn: iam.arn("role", "inference-pod-role"),
    id: iam.newId("AROA", "inference-pod-role"),
    account: iam.account,
    trust: JSON.stringify(trust),
    description: undefined,
    maxSessionSeconds: 3600,
    boundary: undefined,
    tags: new Map<string, string>(),
    inline: new Map([["read", JSON.stringify(policy)]]),
    attached: [],
    createdAt: world.now(),
  };
  iam.putRole(role, role.name);
  const annotations = {
    "alb.ingress.kubernetes.io/scheme": "internet-facing",
    "alb.ingress.kubernetes.io/target-type": "ip",
    "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
    "alb.ingress.kubernetes.io/group.name": "poolside",
    "alb.ingress.kubernetes.io/certificate-arn": certificateArn,
    "alb.ingress.kubernetes.io/healthcheck-path": "/health",
  };
  const models = sampleModels.map(({ key, host: ingressHost, ...rest }) => [
    key,
    { ...rest, model: `s3://${bucket}/checkpoints/${key}`, ingressHost },
  ]);
  const values = {
    fullnameOverride: "inference",
    image: { registry: ecr.host },
    serviceAccount: { create: true, annotations: { "eks.amazonaws.com/role-arn": role.arn } },
    authentication: { secretName: "vllm-auth" },
    ingress: { enabled: true, className: "alb", annotations },
    models: Object.fromEntries(models),
  };
  return { role, values };
}
