import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { errorAnswer } from "../../../sandbox/aws/protocol.ts";
import { AwsError } from "../../../sandbox/aws/service.ts";
import {
  type AwsServer,
  account,
  bucketName,
  clusterName,
  policyArn,
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

const pods = { mode: "pod-identity" };

function addAgent(status = "ACTIVE"): void {
  const name = "eks-pod-identity-agent";
  server.cluster.addons.set(name, { name, status, version: "v1.3.4", issues: [] });
}

function addAssociation(over: object = {}): void {
  server.cluster.associations.set("a-1", {
    id: "a-1",
    namespace: "poolside-models",
    serviceAccount: "inference",
    roleArn: `arn:aws:iam::${account}:role/other`,
    disableSessionTags: false,
    tags: {},
    createdAt: 0,
    modifiedAt: 0,
    ...over,
  });
}

describe("pod-identity", () => {
  it("makes role and association for exactly this service account, and nothing the second time", async () => {
    addAgent();
    const runner = await server.run(pods);
    expect(runner.failures).toEqual([]);
    expect(writesSince(server)).toEqual([
      "CreatePolicy",
      "CreateRole",
      "AttachRolePolicy",
      "CreatePodIdentityAssociation",
    ]);
    expect(JSON.parse(server.iam.role("inference-pod-role").trust).Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:RequestTag/eks-cluster-name": clusterName,
            "aws:RequestTag/kubernetes-namespace": "poolside-models",
            "aws:RequestTag/kubernetes-service-account": "inference",
          },
        },
      },
    ]);
    expect(JSON.parse(runner.outputs["values"]!)).toEqual({ serviceAccount: { create: true, name: "inference" } });
    const mark = server.ground.requests.all.length;
    const second = await server.run(pods);
    expect(second.outputs["plan-sha256"]).toBe(runner.outputs["plan-sha256"]);
    expect(second.outputs["changes"]).toBe("0");
    expect(writesSince(server, mark)).toEqual([]);
  });

  it("is refused without the agent, with the command that installs it", async () => {
    const runner = await server.run(pods);
    expect(runner.failures[0]?.code).toBe("IRSA_NO_AGENT");
    expect(runner.failures[0]?.message).toContain("aws eks create-addon --cluster-name poolside");
    expect(writesSince(server)).toEqual([]);
  });

  it("needs no agent on Auto Mode, and warns of one that is not healthy", async () => {
    addAgent("DEGRADED");
    const degraded = await server.run({ ...pods, "dry-run": "true" });
    expect(degraded.context.recorded.findings.map(({ code }) => code)).toEqual(["IRSA_AGENT_UNPROVEN"]);
    server.cluster.addons.clear();
    server.cluster.autoMode = true;
    expect((await server.run({ ...pods, "dry-run": "true" })).failures).toEqual([]);
  });

  it.each([
    ["of others", {}],
    ["that an add-on manages", { ownerArn: `arn:aws:eks:us-east-2:${account}:addon/poolside/x/1` }],
    ["that goes on to another account's role", { targetRoleArn: "arn:aws:iam::111122223333:role/far" }],
  ])("refuses an association %s, before anything is written", async (_, over) => {
    addAgent();
    addAssociation(over);
    const runner = await server.run(pods);
    expect(runner.failures[0]?.code).toBe("IRSA_STRANGER");
    expect(writesSince(server)).toEqual([]);
  });

  it("points an association of nobody to our role when it may adopt", async () => {
    addAgent();
    addAssociation();
    expect((await server.run({ ...pods, adopt: "true" })).failures).toEqual([]);
    expect(server.cluster.associations.get("a-1")?.roleArn).toBe(roleArn);
    expect((await server.run(pods)).outputs["changes"]).toBe("0");
  });

  it("keeps the way of the running pods when a release moves from irsa, and back", async () => {
    server.addProvider();
    addAgent();
    await server.run();
    expect((await server.run(pods)).failures).toEqual([]);
    const trust = () => server.iam.role("inference-pod-role").trust;
    expect(trust()).toContain("sts:AssumeRoleWithWebIdentity");
    expect(trust()).toContain("pods.eks.amazonaws.com");
    const settled = await server.run(pods);
    expect(settled.outputs["changes"]).toBe("0");
    expect(settled.context.recorded.findings.map(({ code }) => code)).toEqual(["IRSA_LEFTOVER"]);
    const back = await server.run();
    expect(back.outputs["changes"]).toBe("0");
    expect(back.context.recorded.findings.map(({ happened }) => happened).join()).toContain("association");
  });
});

describe("existing", () => {
  const existing = { mode: "existing", "role-arn": roleArn };

  async function othersRole(change: (trust: string) => string = (trust) => trust): Promise<void> {
    server.addProvider();
    await server.run();
    const role = server.iam.role("inference-pod-role");
    server.iam.putRole({ ...role, tags: new Map(), trust: change(role.trust) }, role.name);
    server.clock.advance(60_000);
  }

  it("reads and compares a role of others and writes nothing", async () => {
    await othersRole();
    const mark = server.ground.requests.all.length;
    const runner = await server.run(existing);
    expect(runner.failures).toEqual([]);
    expect(writesSince(server, mark)).toEqual([]);
    expect(runner.outputs["role-arn"]).toBe(roleArn);
    expect(JSON.parse(runner.outputs["values"]!).serviceAccount.annotations).toEqual({
      "eks.amazonaws.com/role-arn": roleArn,
    });
    expect(runner.summary).toContain("the trust policy lets in the service account");
  });

  it("shows the document to paste when the trust is for another namespace", async () => {
    await othersRole((trust) => trust.replace("poolside-models:inference", "default:inference"));
    const runner = await server.run(existing);
    expect(runner.failures[0]?.code).toBe("IRSA_TRUST_WRONG");
    expect(runner.failures[0]?.message).toContain("system:serviceaccount:poolside-models:inference");
  });

  it("takes a trust with a pattern that fits, and warns of it", async () => {
    await othersRole((trust) =>
      trust.replace("StringEquals", "StringLike").replace("poolside-models:inference", "*:inference"),
    );
    const runner = await server.run(existing);
    expect(runner.failures).toEqual([]);
    expect(runner.context.recorded.findings.map(({ code }) => code)).toEqual(["IRSA_WIDE"]);
  });

  it("shows the policy to attach when the role cannot read the bucket", async () => {
    await othersRole();
    const role = server.iam.role("inference-pod-role");
    server.iam.putRole({ ...role, attached: [] }, role.name);
    const runner = await server.run(existing);
    expect(runner.failures[0]?.code).toBe("IRSA_PERMISSIONS_WRONG");
    expect(runner.failures[0]?.message).toContain(`arn:aws:s3:::${bucketName}/*`);
  });

  it("says that the role is missing", async () => {
    server.addProvider();
    expect((await server.run(existing)).failures[0]?.code).toBe("IRSA_ROLE_MISSING");
  });

  it("says what is not verified where it may not read", async () => {
    await othersRole();
    server.denied.add("iam:GetRole").add("iam:SimulatePrincipalPolicy").add("eks:DescribeCluster");
    const runner = await server.run(existing);
    expect(runner.failures).toEqual([]);
    expect(runner.summary).toContain("not verified");
    expect(runner.summary).toContain("trust and permissions of");
  });

  it("needs something to look at", async () => {
    expect((await server.run({ mode: "existing", cluster: "" })).failures[0]?.code).toBe("IRSA_INPUT_MISSING");
  });
});

describe("static-secret", () => {
  it("asks nothing of AWS, gives the Secret's name, and warns why a role is better", async () => {
    const runner = await server.run({ mode: "static-secret", cluster: "", bucket: "" });
    expect(runner.failures).toEqual([]);
    expect(server.ground.requests.all).toEqual([]);
    expect(JSON.parse(runner.outputs["values"]!)).toEqual({ s3: { secretName: "aws-credentials" } });
    expect(runner.outputs["role-arn"]).toBe("");
    expect(runner.context.recorded.findings.map(({ code }) => code)).toEqual(["IRSA_STATIC"]);
  });
});

describe("scope and key", () => {
  beforeEach(() => server.addProvider());
  const document = () => {
    const policy = server.iam.policy(policyArn);
    return JSON.parse(policy.versions.find(({ id }) => id === policy.defaultVersion)!.document);
  };
  const resources = () => document().Statement[1].Resource;

  it("grants the models' own folders with scope prefixes, so that a new version changes nothing", async () => {
    const prefixes = (version: string) => `point=s3://${bucketName}/checkpoints/point/${version}`;
    const first = await server.run({ scope: "prefixes", prefixes: prefixes("2611") });
    expect(first.failures).toEqual([]);
    expect(resources()).toEqual([`arn:aws:s3:::${bucketName}/checkpoints/point/*`]);
    const second = await server.run({ scope: "prefixes", prefixes: prefixes("2612") });
    expect(second.outputs["changes"]).toBe("0");
    expect(second.outputs["plan-sha256"]).toBe(first.outputs["plan-sha256"]);
  });

  it("keeps what the models that are left out have, with only", async () => {
    const of = (key: string) => `${key}=s3://${bucketName}/checkpoints/${key}`;
    await server.run({ scope: "prefixes", prefixes: `${of("point")}\n${of("laguna-m")}` });
    const part = await server.run({ scope: "prefixes", prefixes: of("point"), only: "point" });
    expect(part.outputs["changes"]).toBe("0");
    const whole = await server.run({ scope: "prefixes", prefixes: of("point") });
    expect(whole.outputs["changes"]).toBe("1");
    expect(resources()).toEqual([`arn:aws:s3:::${bucketName}/checkpoints/point/*`]);
  });

  it("grants the bucket's own key, also where it is configured by an alias", async () => {
    const key = server.kms.add({ aliases: ["alias/models"] });
    server.bucket.encryption = { algorithm: "aws:kms", keyArn: key.arn, bucketKey: true };
    server.bucket.configuredKey = "alias/models";
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(document().Statement[3]).toEqual({
      Sid: "KMSDecryptForS3",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:DescribeKey"],
      Resource: key.arn,
    });
    expect(runner.summary).toContain("kms:Decrypt");
  });

  it("has no key statement with SSE-S3", async () => {
    await server.run();
    expect(document().Statement.map((statement: { Sid: string }) => statement.Sid)).toEqual([
      "S3ListBucket",
      "S3ReadObjects",
      "S3GetBucketLocation",
    ]);
  });

  it("warns when kms-key-arn is none and the bucket uses SSE-KMS", async () => {
    const key = server.kms.add();
    server.bucket.encryption = { algorithm: "aws:kms", keyArn: key.arn, bucketKey: true };
    server.bucket.configuredKey = key.arn;
    const runner = await server.run({ "kms-key-arn": "none" });
    expect(runner.context.recorded.findings.map(({ code }) => code)).toEqual(["IRSA_KEY_MISSING"]);
  });
});

describe("the simulator", () => {
  beforeEach(() => server.addProvider());

  it("that fails proves nothing, and does not break the release", async () => {
    server.ground.faults.add({
      service: "iam",
      operation: "SimulatePrincipalPolicy",
      times: 1_000,
      effect: { kind: "answer", answer: errorAnswer("iam", new AwsError(500, "ServiceFailure", "by script")) },
    });
    const runner = await server.run();
    expect(runner.failures).toEqual([]);
    expect(runner.summary).toContain("the simulator does not answer");
    expect((await server.run({ simulate: "required" })).failures[0]?.code).toBe("IRSA_NOT_VERIFIED");
  });

  it("that may not be asked is told as not verified with auto, refused with required, not asked with off", async () => {
    server.denied.add("iam:SimulatePrincipalPolicy");
    const auto = await server.run();
    expect(auto.failures).toEqual([]);
    expect(auto.summary).toContain("iam:SimulatePrincipalPolicy is not allowed");
    expect((await server.run({ simulate: "required" })).failures[0]?.code).toBe("IRSA_NOT_VERIFIED");
    const mark = server.ground.requests.all.length;
    await server.run({ simulate: "off" });
    expect(server.ground.requests.since(mark).map(({ name }) => name)).not.toContain("SimulatePrincipalPolicy");
  });
});
