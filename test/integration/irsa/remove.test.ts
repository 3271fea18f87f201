import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectAws } from "../../../src/aws/session.ts";
import type { Identity } from "../../../src/irsa/identity.ts";
import { observeRemains, planRemoval, removeIdentity } from "../../../src/irsa/remove.ts";
import { testContext } from "../../support/context.ts";
import { type AwsServer, bucketName, clusterName, policyArn, region, startAws, writesSince } from "./server.ts";

let server: AwsServer;
beforeEach(async () => {
  server = await startAws();
  server.addProvider();
});
afterEach(async () => {
  expect(server.defects).toEqual([]);
  await server.close();
});

async function removal() {
  const ctx = testContext({ clock: server.clock, ambient: { region } });
  const aws = await connectAws({ region, accountId: undefined, role: undefined }, ctx);
  const { account, partition, dnsSuffix } = aws;
  const identity: Identity = {
    mode: "irsa",
    place: { account, partition, region, dnsSuffix },
    cluster: clusterName,
    namespace: "poolside-models",
    serviceAccount: "inference",
    reach: { bucket: bucketName, scope: "bucket", prefixes: {}, partial: false, key: "auto" },
    roleName: "inference-pod-role",
    policyName: "inference-pod-policy",
    path: "/",
    boundary: undefined,
    tags: {},
    adopt: false,
    createProvider: false,
  };
  const reader = { aws, signal: ctx.signal };
  const plan = planRemoval(identity, await observeRemains(identity, reader));
  return { plan, remove: () => removeIdentity(plan, identity, reader) };
}

describe("remove", () => {
  it("takes association, attachment, role, versions and policy away, in this order, and nothing is left to do", async () => {
    server.cluster.autoMode = true;
    await server.run({ mode: "pod-identity" });
    await server.run({ mode: "pod-identity", scope: "prefixes", prefixes: `point=s3://${bucketName}/point` });
    const mark = server.ground.requests.all.length;
    await (await removal()).remove();
    expect(writesSince(server, mark)).toEqual([
      "DeletePodIdentityAssociation",
      "DetachRolePolicy",
      "DeleteRole",
      "DeletePolicyVersion",
      "DeletePolicy",
    ]);
    expect((await removal()).plan).toEqual({ changes: [], removals: [], kept: [] });
    expect(server.iam.allProviders()).toHaveLength(1);
  });

  it("keeps what is not ours", async () => {
    server.addRole();
    server.addPolicy("inference-pod-policy", [
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    ]);
    const { plan } = await removal();
    expect(plan.removals).toEqual([]);
    expect(plan.kept.join()).toMatch(
      /role inference-pod-role: it is not ours.*policy inference-pod-policy: it is not ours/,
    );
  });

  it("keeps a role on which others hung something, and a policy that others use, and says so", async () => {
    await server.run();
    const role = server.iam.role("inference-pod-role");
    server.iam.putRole(
      {
        ...role,
        inline: new Map([
          ["theirs", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'],
        ]),
      },
      role.name,
    );
    server.addRole({ name: "batch", attached: [policyArn] });
    const { plan } = await removal();
    expect(plan.removals).toEqual([{ do: "detach" }]);
    expect(plan.kept).toEqual([
      "the role inference-pod-role: others hung theirs on it",
      "the policy inference-pod-policy: role batch uses it",
    ]);
  });
});
