import {
  BatchGetImageCommand,
  CreateRepositoryCommand,
  type CreateRepositoryCommandInput,
  DescribeImagesCommand,
  DescribeRepositoriesCommand,
  DescribeRepositoryCreationTemplatesCommand,
  GetAccountSettingCommand,
  GetAuthorizationTokenCommand,
  GetRepositoryPolicyCommand,
  ListTagsForResourceCommand,
  SetRepositoryPolicyCommand,
  TagResourceCommand,
} from "@aws-sdk/client-ecr";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { basic, digestOf, type EcrServer, manifestOf, startEcr, types } from "./server.ts";

const config = Buffer.from("{}");
let server: EcrServer;

beforeEach(async () => {
  server = await startEcr();
});

afterEach(async () => {
  await server.close();
  expect(server.defects).toEqual([]);
});

const create = (input: Partial<CreateRepositoryCommandInput> = {}) =>
  server.ecr.send(new CreateRepositoryCommand({ repositoryName: "atlas", ...input }));

async function pushImage(tag: string, layer = Buffer.from("layer")): Promise<string> {
  for (const blob of [config, layer]) await server.push("atlas", blob);
  const text = manifestOf(config, [layer]);
  await server.ask("PUT", `atlas/manifests/${tag}`, { "content-type": types.manifest }, text);
  return digestOf(text);
}

describe("repositories", () => {
  it("are made with all settings and described as they are", async () => {
    const key = server.kms.add({ aliases: ["alias/images"] });
    const { repository } = await create({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "latest*" }],
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: "alias/images" },
      tags: [{ Key: "eks-deploy/owner", Value: "inference/dev" }],
    });
    expect(repository).toMatchObject({
      repositoryArn: "arn:aws:ecr:us-east-2:210987654321:repository/atlas",
      repositoryUri: `${new URL(server.url).host}/atlas`,
      registryId: "210987654321",
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      encryptionConfiguration: { encryptionType: "KMS", kmsKey: key.arn },
    });
    const described = await server.ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ["atlas"] }));
    expect(described.repositories).toEqual([repository]);
    expect(repository?.createdAt).toBeInstanceOf(Date);
  });

  it("have tags, which are added one over the other", async () => {
    const { repository } = await create({ tags: [{ Key: "a", Value: "1" }] });
    const resourceArn = repository!.repositoryArn!;
    await server.ecr.send(new TagResourceCommand({ resourceArn, tags: [{ Key: "b", Value: "2" }] }));
    const { tags } = await server.ecr.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual([
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ]);
    expect(server.ground.requests.iamActions()).toContain("ecr:TagResource");
  });

  it("that are asked for by name must all be there", async () => {
    await create();
    const asked = server.ecr.send(new DescribeRepositoriesCommand({ repositoryNames: ["atlas", "docs"] }));
    await expect(asked).rejects.toMatchObject({ name: "RepositoryNotFoundException" });
  });

  it.each<[string, Partial<CreateRepositoryCommandInput>, string]>([
    ["a name in capitals", { repositoryName: "Atlas" }, "InvalidParameterException"],
    ["a name of one letter", { repositoryName: "a" }, "InvalidParameterException"],
    ["an unknown mutability", { imageTagMutability: "SOMETIMES" as never }, "InvalidParameterException"],
    ["exclusions that are missing", { imageTagMutability: "MUTABLE_WITH_EXCLUSION" }, "InvalidParameterException"],
    [
      "exclusions without their kind",
      { imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "a*" }] },
      "InvalidParameterException",
    ],
    [
      "a filter with three wildcards",
      {
        imageTagMutability: "MUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filterType: "WILDCARD", filter: "*a*b*" }],
      },
      "InvalidParameterException",
    ],
    [
      "a key that does not exist",
      { encryptionConfiguration: { encryptionType: "KMS", kmsKey: "none" } },
      "KmsException",
    ],
    ["a reserved tag", { tags: [{ Key: "aws:a", Value: "1" }] }, "InvalidTagParameterException"],
    [
      "51 tags",
      { tags: Array.from({ length: 51 }, (_, at) => ({ Key: `k${at}`, Value: "" })) },
      "TooManyTagsException",
    ],
  ])("are refused with %s", async (_what, input, name) => {
    await expect(create(input)).rejects.toMatchObject({ name });
    expect(server.state.repositories.size).toBe(0);
  });

  it("are made once, and up to the account's limit", async () => {
    await create();
    await expect(create()).rejects.toMatchObject({ name: "RepositoryAlreadyExistsException" });
    server.state.limits = { ...server.state.limits, repositories: 1 };
    await expect(create({ repositoryName: "docs" })).rejects.toMatchObject({ name: "LimitExceededException" });
  });

  it("keep their policy as it was set", async () => {
    await create();
    const get = () => server.ecr.send(new GetRepositoryPolicyCommand({ repositoryName: "atlas" }));
    await expect(get()).rejects.toMatchObject({ name: "RepositoryPolicyNotFoundException" });
    const statement = {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::310987654321:root" },
      Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    };
    const policyText = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    const set = (text: string) =>
      server.ecr.send(new SetRepositoryPolicyCommand({ repositoryName: "atlas", policyText: text }));
    await set(policyText);
    expect((await get()).policyText).toBe(policyText);
    for (const text of [
      "{",
      "{}",
      JSON.stringify({ Statement: [{ Effect: "Allow", Action: "ecr:GetImage" }] }),
      `${" ".repeat(10_241)}`,
    ])
      await expect(set(text)).rejects.toMatchObject({ name: "InvalidParameterException" });
  });
});

describe("images", () => {
  beforeEach(() => create());

  it("are described with digest, tags and size", async () => {
    const digest = await pushImage("1.0");
    const { imageDetails } = await server.ecr.send(
      new DescribeImagesCommand({ repositoryName: "atlas", imageIds: [{ imageTag: "1.0" }] }),
    );
    expect(imageDetails).toMatchObject([
      { imageDigest: digest, imageTags: ["1.0"], imageSizeInBytes: 7, imageStatus: "ACTIVE" },
    ]);
  });

  it("come in pages", async () => {
    for (const tag of ["a", "b", "c"]) await pushImage(tag, Buffer.from(tag));
    const tags: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await server.ecr.send(
        new DescribeImagesCommand({ repositoryName: "atlas", maxResults: 2, nextToken }),
      );
      tags.push(...(page.imageDetails ?? []).flatMap(({ imageTags }) => imageTags ?? []));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(tags).toEqual(["a", "b", "c"]);
  });

  it("that are archived are not listed unless asked for", async () => {
    const digest = await pushImage("1.0");
    server.state.repository("atlas").images.get(digest)!.status = "ARCHIVED";
    const ask = (filter?: { imageStatus: "ANY" }) =>
      server.ecr.send(
        new DescribeImagesCommand({ repositoryName: "atlas", imageIds: [{ imageDigest: digest }], filter }),
      );
    await expect(ask()).rejects.toMatchObject({ name: "ImageNotFoundException" });
    expect((await ask({ imageStatus: "ANY" })).imageDetails).toMatchObject([{ imageStatus: "ARCHIVED" }]);
    const { failures } = await server.ecr.send(
      new BatchGetImageCommand({ repositoryName: "atlas", imageIds: [{ imageDigest: digest }] }),
    );
    expect(failures).toMatchObject([{ failureCode: "ImageInaccessible" }]);
  });

  it("are given in a batch, failures beside them", async () => {
    const digest = await pushImage("1.0");
    const imageIds = [{ imageTag: "1.0" }, { imageTag: "2.0" }, {}];
    const got = await server.ecr.send(new BatchGetImageCommand({ repositoryName: "atlas", imageIds }));
    expect(got.images).toMatchObject([
      { imageId: { imageDigest: digest, imageTag: "1.0" }, imageManifestMediaType: types.manifest },
    ]);
    expect(digestOf(got.images![0]!.imageManifest!)).toBe(digest);
    expect(got.failures?.map(({ failureCode }) => failureCode)).toEqual(["ImageNotFound", "MissingDigestAndTag"]);
  });
});

describe("the registry", () => {
  it("gives a token for twelve hours that the registry takes", async () => {
    const { authorizationData } = await server.ecr.send(new GetAuthorizationTokenCommand({}));
    const { authorizationToken, proxyEndpoint, expiresAt } = authorizationData![0]!;
    expect(proxyEndpoint).toBe(server.url);
    expect(expiresAt!.getTime() - Date.now()).toBeGreaterThan(11.9 * 3_600_000);
    const [user, password] = Buffer.from(authorizationToken!, "base64").toString().split(":");
    expect(user).toBe("AWS");
    expect((await server.ask("GET", `${server.url}/v2/`, { authorization: basic(password!) })).status).toBe(200);
  });

  it("tells its mounting setting and its templates", async () => {
    const setting = new GetAccountSettingCommand({ name: "BLOB_MOUNTING" });
    expect(await server.ecr.send(setting)).toMatchObject({ value: "DISABLED" });
    server.state.templates.push({
      prefix: "ROOT",
      appliedFor: ["CREATE_ON_PUSH"],
      settings: { mutability: "IMMUTABLE" },
    });
    const { repositoryCreationTemplates } = await server.ecr.send(new DescribeRepositoryCreationTemplatesCommand({}));
    expect(repositoryCreationTemplates).toMatchObject([
      { prefix: "ROOT", appliedFor: ["CREATE_ON_PUSH"], imageTagMutability: "IMMUTABLE" },
    ]);
  });
});
