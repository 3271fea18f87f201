import { describe, expect, it } from "vitest";
import { planDigest } from "../../../src/action/plan.ts";
import type { Identity } from "../../../src/irsa/identity.ts";
import type { ObservedIdentity, ObservedPolicy, ObservedRole } from "../../../src/irsa/observed.ts";
import { planIdentity } from "../../../src/irsa/plan.ts";

const place = { account: "210987654321", partition: "aws", region: "us-east-2", dnsSuffix: "amazonaws.com" };
const base = `arn:aws:iam::${place.account}`;
const issuer = "https://oidc.eks.us-east-2.amazonaws.com/id/ABC";
const owner = { "eks-deploy/owner": "poolside/poolside-models/inference" };

const identity: Identity = {
  mode: "irsa",
  place,
  cluster: "poolside",
  namespace: "poolside-models",
  serviceAccount: "inference",
  reach: { bucket: "acme", scope: "bucket", prefixes: {}, partial: false, key: "auto" },
  roleName: "inference-pod-role",
  policyName: "inference-pod-policy",
  path: "/",
  boundary: undefined,
  tags: {},
  adopt: false,
  createProvider: false,
};

const nothing: ObservedIdentity = {
  cluster: {
    name: "poolside",
    arn: "arn:aws:eks:us-east-2:210987654321:cluster/poolside",
    issuer,
    version: "1.34",
    vpcId: "vpc-1",
    autoMode: false,
  },
  bucket: {
    name: "acme",
    arn: "arn:aws:s3:::acme",
    region: "us-east-2",
    owner: place.account,
    encryption: { algorithm: "AES256", key: undefined, bucketKey: false },
  },
  key: undefined,
  provider: { arn: `${base}:oidc-provider/oidc.eks.us-east-2.amazonaws.com/id/ABC`, audiences: ["sts.amazonaws.com"] },
  role: undefined,
  policy: undefined,
  policyNamesake: undefined,
  foreign: [],
  associations: [],
  agent: "unknown",
  quotas: { policySize: 6144, trustSize: 2048, versionsPerPolicy: 5, attachedPerRole: 10 },
};

const fresh = planIdentity(identity, nothing);
const raw = (document: object) => document as Readonly<Record<string, unknown>>;
const role: ObservedRole = {
  name: "inference-pod-role",
  arn: `${base}:role/inference-pod-role`,
  trust: raw(fresh.work.wanted.trust),
  tags: owner,
  boundary: undefined,
  attached: [`${base}:policy/inference-pod-policy`],
  inline: [],
};
const policy: ObservedPolicy = {
  arn: `${base}:policy/inference-pod-policy`,
  name: "inference-pod-policy",
  tags: owner,
  defaultVersion: "v9",
  versions: ["v9"],
  document: raw(fresh.work.wanted.policy),
};
const acts = (observed: Partial<ObservedIdentity>, over: Partial<Identity> = {}) =>
  planIdentity({ ...identity, ...over }, { ...nothing, role, policy, ...observed }).work.steps.map(({ act }) => act.do);
const other = raw({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] });

describe("planIdentity", () => {
  it("makes the policy before the role that it hangs on", () => {
    expect(fresh.work.steps.map(({ act }) => act.do)).toEqual(["create-policy", "create-role", "attach"]);
  });

  it("is empty, with the same digest, where everything is as wanted", () => {
    const settled = planIdentity(identity, { ...nothing, role, policy });
    expect(settled.changes).toEqual([]);
    expect(planDigest(settled)).toBe(planDigest(fresh));
    expect(settled.outputs).toEqual(fresh.outputs);
  });

  it("has another digest for another end state", () => {
    const digests = [
      identity,
      { ...identity, serviceAccount: "other" },
      { ...identity, reach: { ...identity.reach, bucket: "beta" } },
      { ...identity, boundary: `${base}:policy/boundary` },
      { ...identity, tags: { team: "ml" } },
      { ...identity, path: "/ml/" },
    ].map((each) => planDigest(planIdentity(each, nothing)));
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("deletes the oldest version by number, not by letter, and never the default", () => {
    const versions = ["v11", "v10", "v9", "v8", "v2"];
    const plan = (defaultVersion: string) =>
      planIdentity(identity, { ...nothing, role, policy: { ...policy, versions, defaultVersion, document: other } })
        .work.steps;
    expect(plan("v11").map(({ act }) => act)).toEqual([
      { do: "delete-version", id: "v2" },
      { do: "create-version", document: fresh.work.wanted.policy },
    ]);
    expect(plan("v2")[0]?.act).toEqual({ do: "delete-version", id: "v8" });
  });

  it("deletes no version while there is room", () => {
    const versions = ["v4", "v3", "v2", "v1"];
    expect(acts({ policy: { ...policy, versions, defaultVersion: "v4", document: other } })).toEqual([
      "create-version",
    ]);
  });

  it("shows what goes and what comes, statement by statement", () => {
    const { changes } = planIdentity(identity, { ...nothing, role, policy: { ...policy, document: other } });
    expect(changes[0]).toMatchObject({ verb: "update", kind: "policy", from: "Allow s3:* on *" });
    expect(String(changes[0]?.to).split("\n")).toEqual([
      "Allow s3:ListBucket on arn:aws:s3:::acme",
      "Allow s3:GetObject, s3:GetObjectTagging on arn:aws:s3:::acme/*",
      "Allow s3:GetBucketLocation on *",
    ]);
  });

  it("mends tags that the user asks for, and leaves others alone", () => {
    expect(acts({ role: { ...role, tags: { ...owner, cost: "7" } } }, { tags: { team: "ml" } })).toEqual([
      "tag-policy",
      "tag-role",
    ]);
    expect(acts({ role: { ...role, tags: { ...owner, cost: "7" } } })).toEqual([]);
  });

  it("leaves a boundary that nobody asked for, and sets the one that was asked for", () => {
    expect(acts({ role: { ...role, boundary: "theirs" } })).toEqual([]);
    expect(acts({ role: { ...role, boundary: "theirs" } }, { boundary: "ours" })).toEqual(["put-boundary"]);
  });

  it("takes a statement out that lets in another service account", () => {
    const wider = {
      ...fresh.work.wanted.trust,
      Statement: [
        ...fresh.work.wanted.trust.Statement,
        { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" },
      ],
    };
    expect(acts({ role: { ...role, trust: raw(wider) } })).toEqual(["update-trust"]);
  });

  it("refuses to attach an eleventh policy where the account allows ten", () => {
    const attached = Array.from({ length: 10 }, (_, number) => `${base}:policy/p${number}`);
    expect(() => acts({ role: { ...role, attached } })).toThrow(expect.objectContaining({ code: "IRSA_LIMIT" }));
  });
});
