import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AwsServer, owner, policyArn, startAws, writesSince } from "./server.ts";

let server: AwsServer;
beforeEach(async () => {
  server = await startAws();
  server.addProvider();
});
afterEach(async () => {
  expect(server.defects).toEqual([]);
  await server.close();
});

const tagged = (value: string) => ({ tags: new Map([["eks-deploy/owner", value]]) });
const wide =
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::acme-models-dev/*"}}';

describe("a role that is not ours", () => {
  it("is refused without a write when it carries no tag, and shows what would be changed", async () => {
    server.addRole();
    const runner = await server.run();
    expect(runner.failures[0]?.code).toBe("IRSA_STRANGER");
    expect(runner.failures[0]?.message).toContain("- trust: Allow sts:AssumeRole to ec2.amazonaws.com");
    expect(runner.failures[0]?.message).toContain("system:serviceaccount:poolside-models:inference");
    expect(writesSince(server)).toEqual([]);
  });

  it("is refused when it already says what is wanted", async () => {
    await server.run();
    server.iam.putRole({ ...server.iam.role("inference-pod-role"), tags: new Map() }, "inference-pod-role");
    const mark = server.ground.requests.all.length;
    const runner = await server.run();
    expect(runner.failures[0]?.message).toContain("It already says what is wanted.");
    expect(writesSince(server, mark)).toEqual([]);
  });

  it("is refused when another cluster owns it, adopt or not, and that cluster is named", async () => {
    server.addRole(tagged("other/poolside-models/inference"));
    for (const adopt of ["false", "true"]) {
      const runner = await server.run({ adopt });
      expect(runner.failures[0]?.code).toBe("IRSA_STRANGER");
      expect(runner.failures[0]?.message).toContain("belongs to other/poolside-models/inference");
    }
    expect(writesSince(server)).toEqual([]);
  });

  it("is adopted by its tag first, then changed, and is ours the next time", async () => {
    server.addRole({ attached: [] });
    const runner = await server.run({ adopt: "true" });
    expect(runner.failures).toEqual([]);
    expect(writesSince(server)).toEqual(["CreatePolicy", "TagRole", "UpdateAssumeRolePolicy", "AttachRolePolicy"]);
    expect(server.iam.role("inference-pod-role").tags.get("eks-deploy/owner")).toBe(owner);
    const again = await server.run();
    expect(again.outputs["changes"]).toBe("0");
  });
});

describe("a policy that is not ours", () => {
  it("is refused without a write, with the statements that would go", async () => {
    server.addPolicy("inference-pod-policy", [wide]);
    const runner = await server.run();
    expect(runner.failures[0]?.code).toBe("IRSA_STRANGER");
    expect(runner.failures[0]?.message).toContain("- grants: Allow s3:* on arn:aws:s3:::acme-models-dev/*");
    expect(writesSince(server)).toEqual([]);
  });

  it("gets a new version once it is adopted", async () => {
    server.addPolicy("inference-pod-policy", [wide]);
    expect((await server.run({ adopt: "true" })).failures).toEqual([]);
    expect(writesSince(server).slice(0, 2)).toEqual(["TagPolicy", "CreatePolicyVersion"]);
    expect(server.iam.policy(policyArn).defaultVersion).toBe("v2");
  });
});

describe("what others hang on our role", () => {
  const inline = new Map([["debug", wide]]);

  it("stays, and a wider permission is a warning with its statement", async () => {
    await server.run();
    const role = server.iam.role("inference-pod-role");
    const read = server.addPolicy("read-only", [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-models-dev/checkpoints/*"}}',
    ]);
    server.iam.putRole({ ...role, inline, attached: [...role.attached, read.arn] }, role.name);
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    const told = runner.context.recorded.findings.filter((finding) => finding.code === "IRSA_WIDE");
    expect(told[0]?.happened).toContain("Allow s3:* on arn:aws:s3:::acme-models-dev/*");
    expect(told.some((finding) => finding.happened.includes("read-only"))).toBe(false);
    expect(server.iam.role("inference-pod-role").inline).toEqual(inline);
    expect(server.iam.role("inference-pod-role").attached).toContain(read.arn);
  });

  it("leaves a permissions boundary and foreign tags alone", async () => {
    await server.run();
    const boundary = server.addPolicy("boundary", [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
    ]).arn;
    const role = server.iam.role("inference-pod-role");
    server.iam.putRole({ ...role, boundary, tags: new Map([...role.tags, ["team", "ml"]]) }, role.name);
    const runner = await server.run();
    expect(runner.outputs["changes"]).toBe("0");
    expect(server.iam.role("inference-pod-role").boundary).toBe(boundary);
  });

  it("says IRSA_DENIED when the boundary takes the access away", async () => {
    const boundary = server.addPolicy("boundary", [
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}',
    ]).arn;
    const runner = await server.run({ "permissions-boundary": boundary });
    expect(server.iam.role("inference-pod-role").boundary).toBe(boundary);
    expect(runner.failures[0]?.code).toBe("IRSA_DENIED");
    expect(runner.failures[0]?.message).toContain("the permissions boundary");
  });
});
