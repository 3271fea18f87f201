import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type AwsServer,
  account,
  issuerHost,
  owner,
  policyArn,
  providerArn,
  roleArn,
  startAws,
  writesSince,
} from "./server.ts";

let server: AwsServer;
beforeEach(async () => {
  server = await startAws();
});
afterEach(async () => {
  expect(server.defects).toEqual([]);
  await server.close();
});

describe("a first release with the cluster's provider there", () => {
  beforeEach(() => server.addProvider());

  it("makes policy, role and attachment, in this order, and says what it proved", async () => {
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(writesSince(server)).toEqual(["CreatePolicy", "CreateRole", "AttachRolePolicy"]);
    expect(runner.outputs["role-arn"]).toBe(roleArn);
    expect(runner.outputs["policy-arn"]).toBe(policyArn);
    expect(JSON.parse(runner.outputs["values"]!)).toEqual({
      serviceAccount: { create: true, name: "inference", annotations: { "eks.amazonaws.com/role-arn": roleArn } },
    });
    expect(runner.summary).toContain("the role may s3:ListBucket, s3:GetObject, s3:GetObjectTagging");
  });

  it("writes the guide's documents, with our owner tag", async () => {
    await server.run();
    const role = server.iam.role("inference-pod-role");
    expect(JSON.parse(role.trust)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Federated: providerArn },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: {
              [`${issuerHost}:aud`]: "sts.amazonaws.com",
              [`${issuerHost}:sub`]: "system:serviceaccount:poolside-models:inference",
            },
          },
        },
      ],
    });
    expect(role.tags.get("eks-deploy/owner")).toBe(owner);
    expect(server.iam.policy(policyArn).tags.get("eks-deploy/owner")).toBe(owner);
  });

  it("plans and writes nothing the second time, with the same digest", async () => {
    const first = await server.run();
    const mark = server.ground.requests.all.length;
    const second = await server.run();
    expect(second.failures).toEqual([]);
    expect(second.outputs["changes"]).toBe("0");
    expect(second.outputs["changed"]).toBe("false");
    expect(second.outputs["plan-sha256"]).toBe(first.outputs["plan-sha256"]);
    expect(writesSince(server, mark)).toEqual([]);
  });

  it("writes nothing in a dry run, and plans the same end state", async () => {
    const dry = await server.run({ "dry-run": "true" });
    expect(dry.outputs["changes"]).toBe("3");
    expect(dry.outputs["role-arn"]).toBe(roleArn);
    expect(writesSince(server)).toEqual([]);
    expect((await server.run()).outputs["plan-sha256"]).toBe(dry.outputs["plan-sha256"]);
  });
});

describe("another partition", () => {
  it.each([
    ["aws-cn", "cn-north-1"],
    ["aws-us-gov", "us-gov-east-1"],
    ["aws-eusc", "eusc-de-east-1"],
  ])("%s has its own ARNs everywhere, and a second run writes nothing", async (partition, at) => {
    const there = await startAws(partition, at);
    try {
      there.addProvider();
      const runner = await there.run();
      expect(runner.failures).toEqual([]);
      expect(runner.outputs["role-arn"]).toBe(`arn:${partition}:iam::${account}:role/inference-pod-role`);
      const role = there.iam.role("inference-pod-role");
      expect(role.trust).toContain(`"arn:${partition}:iam::${account}:oidc-provider/`);
      expect((await there.run()).outputs["changes"]).toBe("0");
      expect(there.defects).toEqual([]);
    } finally {
      await there.close();
    }
  });
});
