import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { namespace, startCluster, type TestCluster } from "../sandbox-kubernetes/support.ts";
import { type AwsServer, account, roleArn, startAws, writesSince } from "./server.ts";

let cluster: TestCluster;
let server: AwsServer;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.kubectl("create", "namespace", namespace);
});
afterAll(async () => {
  expect(cluster.defects).toEqual([]);
  await cluster.close();
});
beforeEach(async () => {
  server = await startAws();
  server.addProvider();
  await server.run();
  server.clock.advance(60_000);
});
afterEach(async () => {
  await cluster.kubectl("delete", "serviceaccount", "inference", "--ignore-not-found");
  expect(server.defects).toEqual([]);
  await server.close();
});

/** A service account as eksctl leaves it. */
async function eksctlAccount(role: string | undefined, manager = "eksctl"): Promise<void> {
  await cluster.kubectl("create", "serviceaccount", "inference");
  await cluster.kubectl("label", "serviceaccount", "inference", `app.kubernetes.io/managed-by=${manager}`);
  if (role) await cluster.kubectl("annotate", "serviceaccount", "inference", `eks.amazonaws.com/role-arn=${role}`);
}

function existing(inputs: Readonly<Record<string, string>> = {}) {
  return server.run({ mode: "existing", kubeconfig: join(cluster.folder, "kubeconfig"), ...inputs });
}

describe("a service account of others", () => {
  it("gives its role, and the chart does not make a second one", async () => {
    await eksctlAccount(roleArn);
    const mark = server.ground.requests.all.length;
    const runner = await existing();
    expect(runner.failures).toEqual([]);
    expect(runner.outputs["role-arn"]).toBe(roleArn);
    expect(JSON.parse(runner.outputs["values"]!)).toEqual({ serviceAccount: { create: false, name: "inference" } });
    expect(writesSince(server, mark)).toEqual([]);
  });

  it("that a chart made goes on being made by the chart", async () => {
    await eksctlAccount(roleArn, "Helm");
    expect(JSON.parse((await existing()).outputs["values"]!).serviceAccount.create).toBe(true);
  });

  it("that names another role than role-arn is an error", async () => {
    await eksctlAccount(`arn:aws:iam::${account}:role/other`);
    const runner = await existing({ "role-arn": roleArn });
    expect(runner.failures[0]?.code).toBe("IRSA_ACCOUNT_WRONG");
    expect(runner.failures[0]?.message).toContain("role/other");
  });

  it("without a role is told with the command that annotates it", async () => {
    await eksctlAccount(undefined);
    const runner = await existing({ "role-arn": roleArn });
    expect(runner.failures[0]?.message).toContain(
      `kubectl annotate serviceaccount inference -n ${namespace} eks.amazonaws.com/role-arn=${roleArn}`,
    );
  });

  it("that is not there needs role-arn", async () => {
    expect((await existing()).failures[0]?.code).toBe("IRSA_ACCOUNT_WRONG");
    const named = await existing({ "role-arn": roleArn });
    expect(JSON.parse(named.outputs["values"]!).serviceAccount.annotations).toEqual({
      "eks.amazonaws.com/role-arn": roleArn,
    });
  });
});
