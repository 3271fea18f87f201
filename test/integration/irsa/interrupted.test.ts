import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { canonicalJson } from "../../../src/canonical.ts";
import { parseDocument } from "../../../src/irsa/meaning.ts";
import { type AwsServer, owner, policyArn, startAws, writesSince } from "./server.ts";

const inputs = { "create-oidc-provider": "true", adopt: "true" };
const old =
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::old/*"}}';

let server: AwsServer;
beforeEach(async () => {
  server = await startAws();
});
afterEach(async () => {
  expect(server.defects).toEqual([]);
  await server.close();
});

/** Everything that the pods' access depends on, without ids and times. */
function state(): string {
  const role = server.iam.role("inference-pod-role");
  const policy = server.iam.policy(policyArn);
  const document = policy.versions.find(({ id }) => id === policy.defaultVersion)!.document;
  return canonicalJson({
    trust: canonicalJson(parseDocument(role.trust) as never),
    owner: role.tags.get("eks-deploy/owner") ?? "",
    attached: role.attached,
    policy: canonicalJson(parseDocument(document) as never),
    policyOwner: policy.tags.get("eks-deploy/owner") ?? "",
    providers: server.iam.allProviders().map((provider) => provider.clients),
  });
}

async function prepare(start: "nothing" | "strangers"): Promise<void> {
  if (start === "nothing") return;
  server.addRole();
  server.addPolicy("inference-pod-policy", [old, old, old, old, old]);
}

/** Number of requests to IAM in a whole run. */
async function wholeRun(start: "nothing" | "strangers"): Promise<{ requests: number; state: string }> {
  await prepare(start);
  expect((await server.run(inputs)).failures).toEqual([]);
  const requests = server.ground.requests.all.filter((request) => request.service === "iam").length;
  const reached = state();
  await server.close();
  return { requests, state: reached };
}

describe.each(["nothing", "strangers"] as const)("killed at every request, from %s", (start) => {
  it("reaches the same state when it is run again", async () => {
    const whole = await wholeRun(start);
    for (let nth = 1; nth <= whole.requests; nth += 1) {
      server = await startAws();
      await prepare(start);
      const kill = new AbortController();
      const effect = { kind: "hook", run: () => kill.abort() } as const;
      server.ground.faults.add({ service: "iam", nth, effect });
      await server.run(inputs, kill.signal);
      server.ground.faults.clear();
      // What a killed run had tagged is ours by then: adopt is not asked for a second time where it is not needed.
      expect((await server.run(inputs)).failures, `killed at request ${nth}`).toEqual([]);
      expect(state(), `killed at request ${nth}`).toBe(whole.state);
      const mark = server.ground.requests.all.length;
      await server.run();
      expect(writesSince(server, mark)).toEqual([]);
      await server.close();
    }
    server = await startAws();
  });
});

describe("an answer that is lost after the write was done", () => {
  it.each(["CreatePolicy", "CreateRole", "AttachRolePolicy"])("is no failure at %s", async (operation) => {
    server.addProvider();
    server.ground.faults.add({ service: "iam", operation, effect: { kind: "reset", after: true } });
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(server.iam.role("inference-pod-role").tags.get("eks-deploy/owner")).toBe(owner);
    expect((await server.run()).outputs["changes"]).toBe("0");
  });
});
