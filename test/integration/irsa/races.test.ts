import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorAnswer } from "../../../sandbox/aws/protocol.ts";
import { AwsError } from "../../../sandbox/aws/service.ts";
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

const ours = { tags: new Map([["eks-deploy/owner", owner]]) };
const versions = [1, 2, 3, 4, 5].map(
  (number) =>
    `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::old-${number}/*"}}`,
);
const answer = (code: string, status = 409) =>
  ({ kind: "answer", answer: errorAnswer("iam", new AwsError(status, code, `${code} by script`)) }) as const;
const hook = (run: () => void) => ({ kind: "hook", run }) as const;
const versionIds = () => server.iam.policy(policyArn).versions.map(({ id }) => id);

describe("five policy versions", () => {
  it("make room by deleting the oldest that is not the default, before a sixth is added", async () => {
    server.addPolicy("inference-pod-policy", versions, { ...ours, defaultVersion: "v1" });
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(writesSince(server).slice(0, 2)).toEqual(["DeletePolicyVersion", "CreatePolicyVersion"]);
    expect(versionIds()).toEqual(["v1", "v3", "v4", "v5", "v6"]);
    expect(server.iam.policy(policyArn).defaultVersion).toBe("v6");
  });

  it("are met when the fifth comes in between", async () => {
    server.addPolicy("inference-pod-policy", versions.slice(0, 4), ours);
    server.ground.faults.add({
      service: "iam",
      operation: "CreatePolicyVersion",
      effect: hook(() => server.addPolicy("inference-pod-policy", versions, ours)),
    });
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(versionIds()).toEqual(["v2", "v3", "v4", "v5", "v6"]);
  });

  it("are not deleted one too many when the default changes in between", async () => {
    server.addPolicy("inference-pod-policy", versions, { ...ours, defaultVersion: "v5" });
    server.ground.faults.add({
      service: "iam",
      operation: "DeletePolicyVersion",
      effect: hook(() => server.iam.putPolicy({ ...server.iam.policy(policyArn), defaultVersion: "v1" }, policyArn)),
    });
    expect((await server.run()).failures).toEqual([]);
    expect(versionIds()).toContain("v1");
    expect(server.iam.policy(policyArn).defaultVersion).toBe("v6");
  });
});

describe("somebody else at the same time", () => {
  it.each(["CreatePolicy", "CreateRole", "AttachRolePolicy"])(
    "ConcurrentModification at %s is waited out",
    async (operation) => {
      server.ground.faults.add({ service: "iam", operation, times: 2, effect: answer("ConcurrentModification") });
      const runner = await server.run();
      expect(runner.failures).toEqual([]);
      expect(writesSince(server)).toEqual(["CreatePolicy", "CreateRole", "AttachRolePolicy"]);
      expect(server.clock.sleeps.length).toBeGreaterThan(1);
    },
  );

  it("ends in bounded time when it never ends", async () => {
    const started = server.clock.now();
    server.ground.faults.add({
      service: "iam",
      operation: "CreateRole",
      times: 1_000,
      effect: answer("ConcurrentModification"),
    });
    const runner = await server.run();
    expect(runner.failures[0]?.message).toContain("ConcurrentModification");
    expect(server.clock.now() - started).toBeLessThan(150_000);
  });

  it("a run of ours that made the role first is no failure: what it made is brought to what is wanted", async () => {
    server.ground.faults.add({
      service: "iam",
      operation: "CreateRole",
      effect: hook(() => server.addRole(ours)),
    });
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(writesSince(server)).toEqual(["CreatePolicy", "UpdateAssumeRolePolicy", "AttachRolePolicy"]);
  });

  it("a stranger that made the role first is refused, and its role is not touched", async () => {
    server.ground.faults.add({ service: "iam", operation: "CreateRole", effect: hook(() => server.addRole()) });
    const before = () => server.iam.role("inference-pod-role").trust;
    const runner = await server.run();
    expect(runner.failures[0]?.code).toBe("IRSA_STRANGER");
    expect(before()).toContain("ec2.amazonaws.com");
    expect(writesSince(server)).toEqual(["CreatePolicy"]);
  });

  it("a trust policy that is overwritten after ours is found by reading back", async () => {
    server.addRole(ours);
    server.ground.faults.add({
      service: "iam",
      operation: "AttachRolePolicy",
      effect: hook(() => {
        const role = server.iam.role("inference-pod-role");
        server.iam.putRole({ ...role, trust: server.addRole({ name: "scratch" }).trust }, role.name);
      }),
    });
    const started = server.clock.now();
    const runner = await server.run();
    expect(runner.failures[0]?.code).toBe("IRSA_CONCURRENT");
    expect(runner.failures[0]?.message).toContain("update trust policy inference-pod-role");
    expect(server.clock.now() - started).toBeLessThan(120_000);
  });
});

describe("IAM's delay", () => {
  // The provider has been there for long.
  beforeEach(() => server.clock.advance(3_600_000));

  it.each([10_000, 20_000, 30_000])("of %i ms is waited for, and bounded", async (delay) => {
    server.iam.propagation = { reads: delay, assume: delay };
    const started = server.clock.now();
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    const took = server.clock.now() - started;
    expect(took).toBeGreaterThanOrEqual(delay);
    expect(took).toBeLessThan(120_000);
    expect(server.iam.assumableRole(server.iam.role("inference-pod-role").arn)).toBeDefined();
    expect(runner.outputs["changed"]).toBe("true");
  });

  it("in taking effect is waited for as well, where reads are at once", async () => {
    server.iam.propagation = { reads: 0, assume: 30_000 };
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(runner.summary).toContain("the role may s3:ListBucket");
  });

  it("does not make a second run write again, although reads lag behind", async () => {
    server.iam.propagation = { reads: 20_000, assume: 0 };
    expect((await server.run()).failures).toEqual([]);
    const mark = server.ground.requests.all.length;
    expect((await server.run()).failures).toEqual([]);
    expect(writesSince(server, mark)).toEqual([]);
  });

  it("costs no wait where nothing was written", async () => {
    await server.run();
    const started = server.clock.now();
    await server.run();
    expect(server.clock.now()).toBe(started);
  });
});
