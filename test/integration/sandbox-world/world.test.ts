import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from "@aws-sdk/client-ecr";
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { CreateRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, describe, expect, it } from "vitest";
import { downloads } from "../../../sandbox/world/downloads.ts";
import { startWorld, type World, type WorldOptions } from "../../../sandbox/world.ts";
import { clientSettings, layRelease } from "./lay.ts";

const worldFile = resolve(import.meta.dirname, "../../../sandbox/world.ts");
let world: World;

async function start(options: WorldOptions = {}): Promise<World> {
  world = await startWorld({ pace: 0.002, ...options });
  return world;
}

afterEach(async () => {
  await world.close();
  expect(world.defects).toEqual([]);
});

const settings = () => clientSettings(world);

/** The job's OIDC token, as a step of the job asks for it. */
async function jobToken(): Promise<string> {
  const answer = await fetch(`${world.env["ACTIONS_ID_TOKEN_REQUEST_URL"]}&audience=sts.amazonaws.com`, {
    headers: { authorization: `Bearer ${world.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]}` },
  });
  return ((await answer.json()) as { value: string }).value;
}

async function session(roleArn: string) {
  const assume = { RoleArn: roleArn, RoleSessionName: "job", WebIdentityToken: await jobToken() };
  const { Credentials } = await new STSClient(settings()).send(new AssumeRoleWithWebIdentityCommand(assume));
  return {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
}

describe("a world", () => {
  it("starts with what the guide asks for", async () => {
    await start();
    const { account } = world.names;
    expect(await new STSClient(settings()).send(new GetCallerIdentityCommand({}))).toMatchObject({ Account: account });
    const { cluster } = await new EKSClient(settings()).send(new DescribeClusterCommand({ name: world.names.cluster }));
    expect(cluster?.endpoint).toBe(world.kubernetes.url);
    const issuer = cluster!.identity!.oidc!.issuer!;
    expect(world.aws.iam.allProviders().map(({ url }) => `https://${url}`)).toContain(issuer);
    expect(world.aws.acm.certificates.get(world.names.certificateArn)?.status).toBe("ISSUED");
    expect(world.aws.s3.bucket(world.names.bucket).encryption.algorithm).toBe("aws:kms");
  });

  it("leaves nothing open: a process that closes it ends by itself", async () => {
    await start();
    const code = `const { startWorld } = await import(${JSON.stringify(worldFile)}); await (await startWorld({ pace: 1 })).close();`;
    const { stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", code], {
      timeout: 30_000,
    });
    expect(stderr).toBe("");
  });

  it("can start without a prerequisite", async () => {
    await start({ without: ["oidc-provider", "gpu-nodes", "subnet-tags", "bucket-key", "access-entry"] });
    const { iam, ec2, s3 } = world.aws;
    expect(iam.allProviders().map(({ url }) => url)).toEqual(["token.actions.githubusercontent.com"]);
    expect(world.kubernetes.store.list("nodes")).toHaveLength(1);
    expect([...ec2.subnets.values()].flatMap(({ tags }) => Object.keys(tags))).not.toContain("kubernetes.io/role/elb");
    expect(s3.bucket(world.names.bucket).encryption.algorithm).toBe("AES256");
    expect(world.cluster.accessEntries.size).toBe(0);
  });
});

describe("a further cluster", () => {
  it("has its own API server, issuer and load balancers in the same account", async () => {
    await start();
    const { cluster, kubernetes } = await world.addCluster("poolside-prod");
    const described = await new EKSClient(settings()).send(new DescribeClusterCommand({ name: "poolside-prod" }));
    expect(described.cluster?.endpoint).toBe(kubernetes.url);
    expect(kubernetes.url).not.toBe(world.kubernetes.url);
    expect(cluster.issuer.url).not.toBe(world.cluster.issuer.url);
    expect(world.aws.iam.allProviders().map(({ url }) => `https://${url}`)).toContain(cluster.issuer.url);
    expect(cluster.accessEntries.size).toBe(1);
  });
});

describe("IAM's delay", () => {
  it("holds for what a caller writes, not for what was there before", async () => {
    await start({ propagation: { reads: 5_000, assume: 10_000 } });
    const { iam } = world.aws;
    const statement = { Effect: "Allow", Action: "s3:ListBucket", Resource: "*" };
    const { arn } = world.addGithubRole("transfer", { Version: "2012-10-17", Statement: [statement] });
    expect(iam.assumableRole(arn)).toBeDefined();
    const [provider] = iam.allProviders();
    expect(iam.seenProvider(provider!.arn)).toBe(provider);
    const { role } = layRelease(world);
    expect(() => iam.seenRole(role.name)).toThrow();
    world.advance(5_000);
    expect(iam.seenRole(role.name)).toBe(role);
    expect(iam.assumableRole(role.arn)).toBeUndefined();
    world.advance(5_000);
    expect(iam.assumableRole(role.arn)).toBe(role);
  });
});

describe("a job's role", () => {
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "ecr:DescribeRepositories", Resource: "*" }],
  };

  it("is assumed with the job's token, and may what its policy says and no more", async () => {
    await start();
    world.aws.ecr.add("atlas");
    const credentials = await session(world.addGithubRole("transfer", policy).arn);
    const ecr = new ECRClient({ ...settings(), credentials });
    const { repositories } = await ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ["atlas"] }));
    expect(repositories).toHaveLength(1);
    const s3 = new S3Client({ ...settings(), credentials });
    const put = s3.send(new PutObjectCommand({ Bucket: world.names.bucket, Key: "a", Body: "b" }));
    await expect(put).rejects.toMatchObject({ name: "AccessDenied" });
    world.expireSessions();
    await expect(ecr.send(new DescribeRepositoriesCommand({}))).rejects.toMatchObject({
      name: "ExpiredTokenException",
    });
  });

  it("is not assumed by another repository's job", async () => {
    await start();
    const { arn } = world.addGithubRole("transfer", policy);
    world.github.job = { ...world.github.job, repository: "evil/models" };
    await expect(session(arn)).rejects.toMatchObject({ name: "AccessDenied" });
  });
});

describe("a role that may make roles", () => {
  it("makes them below its path only, and tags them only with the right to tag", async () => {
    await start();
    const may = (Action: readonly string[]) => ({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action, Resource: "arn:aws:iam::210987654321:role/ci/*" }],
    });
    const trust = { Effect: "Allow", Principal: { Service: "pods.eks.amazonaws.com" }, Action: "sts:AssumeRole" };
    const create = async (actions: readonly string[], Path: string, Tags?: { Key: string; Value: string }[]) => {
      const credentials = await session(world.addGithubRole("maker", may(actions)).arn);
      const iam = new IAMClient({ ...settings(), region: "us-east-1", credentials });
      const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
      return iam.send(new CreateRoleCommand({ RoleName: "made", Path, AssumeRolePolicyDocument, Tags }));
    };
    const tags = [{ Key: "eks-deploy/owner", Value: "a" }];
    await expect(create(["iam:CreateRole", "iam:TagRole"], "/", tags)).rejects.toThrow("iam:CreateRole");
    await expect(create(["iam:CreateRole"], "/ci/", tags)).rejects.toThrow("iam:TagRole");
    expect((await create(["iam:CreateRole", "iam:TagRole"], "/ci/", tags)).Role?.Arn).toContain(":role/ci/made");
  });
});

describe("the documented policy for images", () => {
  /** `images` of docs/permissions.md, for repositories below `acme/`. */
  const statement = (Action: readonly string[], Resource: string, Condition?: object) => ({
    Effect: "Allow",
    Action,
    Resource,
    ...(Condition ? { Condition } : {}),
  });
  const below = "arn:aws:ecr:us-east-2:210987654321:repository/acme/*";
  const owned = { StringLike: { "aws:RequestTag/eks-deploy/owner": "*" } };
  const push = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
  ];
  const policy = {
    Version: "2012-10-17",
    Statement: [
      statement(["ecr:GetAuthorizationToken"], "*"),
      statement(push, below),
      statement(["ecr:CreateRepository", "ecr:TagResource"], below, owned),
    ],
  };

  it("lets repositories be made with our tag only, and blobs be pushed below the prefix only", async () => {
    await start();
    const credentials = await session(world.addGithubRole("transfer", policy).arn);
    const ecr = new ECRClient({ ...clientSettings(world), credentials });
    const tags = [{ Key: "eks-deploy/owner", Value: "inference/dev" }];
    await expect(ecr.send(new CreateRepositoryCommand({ repositoryName: "acme/atlas" }))).rejects.toThrow(
      "ecr:CreateRepository",
    );
    await expect(ecr.send(new CreateRepositoryCommand({ repositoryName: "atlas", tags }))).rejects.toThrow(
      "ecr:CreateRepository",
    );
    await ecr.send(new CreateRepositoryCommand({ repositoryName: "acme/atlas", tags }));
    world.aws.ecr.add("atlas");
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const headers = { authorization: `Basic ${authorizationData![0]!.authorizationToken}` };
    const begin = (name: string) =>
      fetch(`http://${world.aws.ecr.host}/v2/${name}/blobs/uploads/`, { method: "POST", headers });
    expect((await begin("acme/atlas")).status).toBe(202);
    expect((await begin("atlas")).status).toBe(403);
  });
});

describe("the model-downloader", () => {
  const ask = (over: object = {}) =>
    downloads({
      ...world.aws,
      issuers: issuersOf(world),
      now: world.now,
      cluster: () => world.cluster,
      associationDelay: () => 0,
    })({
      prefix: `s3://${world.names.bucket}/checkpoints/point`,
      namespace: "poolside-models",
      pod: "inference-point-0",
      serviceAccount: "inference",
      ...over,
    });

  it("sees the files below its prefix under the role of its service account", async () => {
    await start();
    const { role } = layRelease(world);
    const answer = ask({ roleArn: role.arn });
    expect(answer).toMatchObject({ kind: "objects" });
    expect(JSON.stringify(answer)).toContain("checkpoints/point/model.safetensors");
    expect(JSON.stringify(answer)).not.toContain("laguna");
  });

  it("is denied under another namespace than the role trusts", async () => {
    await start();
    const { role } = layRelease(world);
    expect(ask({ roleArn: role.arn, namespace: "elsewhere" })).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("AssumeRoleWithWebIdentity operation: Not authorized"),
    });
  });

  it("is denied by a policy that forgets the bucket's key", async () => {
    await start();
    const { role } = layRelease(world);
    const lean = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
    world.aws.iam.putRole({ ...role, inline: new Map([["read", JSON.stringify(lean)]]) }, role.name);
    expect(ask({ roleArn: role.arn })).toMatchObject({
      kind: "refused",
      message: expect.stringContaining("kms:Decrypt"),
    });
  });

  it("takes static keys, and has none by itself", async () => {
    await start();
    layRelease(world);
    const accessKey = { id: world.env["AWS_ACCESS_KEY_ID"]!, secret: world.env["AWS_SECRET_ACCESS_KEY"]! };
    expect(ask({ accessKey })).toMatchObject({ kind: "objects" });
    expect(ask({ accessKey: { ...accessKey, secret: "wrong" } })).toMatchObject({ kind: "refused" });
    expect(ask()).toMatchObject({ kind: "refused", message: expect.stringContaining("Unable to locate credentials") });
  });

  it("gets the role of a Pod Identity association, once the role trusts the service", async () => {
    await start();
    const { role } = layRelease(world);
    world.cluster.associations.set("a-1", {
      id: "a-1",
      namespace: "poolside-models",
      serviceAccount: "inference",
      roleArn: role.arn,
      disableSessionTags: false,
      tags: {},
      createdAt: 0,
      modifiedAt: 0,
    });
    expect(ask()).toMatchObject({ kind: "refused" });
    const statement = {
      Effect: "Allow",
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
    };
    const trust = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    world.aws.iam.putRole({ ...role, trust }, role.name);
    expect(ask()).toMatchObject({ kind: "objects" });
  });
});

const issuersOf =
  ({ cluster }: World) =>
  (url: string) =>
    url === cluster.issuer.url ? cluster.issuer : undefined;
