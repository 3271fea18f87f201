import { describe, expect, it } from "vitest";
import type { Check } from "../../../src/deploy/checks/check.ts";
import { type GpuFacts, gpuChecks } from "../../../src/deploy/checks/gpus.ts";
import { type IdentityFacts, identityChecks } from "../../../src/deploy/checks/identity.ts";
import { certificateChecks, imageChecks, type ModelFacts, modelChecks } from "../../../src/deploy/checks/models.ts";
import { namespaceChecks, violations } from "../../../src/deploy/checks/namespace.ts";
import { type NetworkFacts, networkChecks } from "../../../src/deploy/checks/network.ts";
import { objectChecks } from "../../../src/deploy/checks/objects.ts";
import { accepting, preflightFailure, warningsOf } from "../../../src/deploy/preflight.ts";
import type { Workload } from "../../../src/deploy/workloads.ts";
import type { CertificateFacts } from "../../../src/facts/certificate.ts";
import type { CheckpointFacts } from "../../../src/facts/checkpoint.ts";
import type { Subnet } from "../../../src/facts/network.ts";
import type { NodeGroup } from "../../../src/facts/node-groups.ts";

/** `result code` of each row that is no pass. */
function told(checks: readonly Check[]): readonly string[] {
  return checks.filter((check) => check.result !== "pass").map(({ result, code = "" }) => `${result} ${code}`.trim());
}

const gib = 2 ** 30;
const hidden = { notSeen: "Access was denied" };

function subnet(id: string, zone: string, more: Partial<Subnet> = {}): Subnet {
  const tags = { "kubernetes.io/role/internal-elb": "1" };
  return { id, zone, freeAddresses: 100, public: false, blocked: false, tags, ...more };
}

function group(more: Partial<NodeGroup> = {}): NodeGroup {
  const role = "arn:aws:iam::1:role/node";
  const common = {
    name: "gpu",
    status: "ACTIVE",
    capacityType: "ON_DEMAND",
    gpus: true,
    instanceTypes: [],
    issues: [],
  };
  return { ...common, desired: 1, maximum: 2, role, subnets: ["a", "b"], ...more };
}

const network: NetworkFacts = {
  cluster: "poolside",
  subnets: [subnet("a", "z1"), subnet("b", "z2")],
  endpoints: [
    { service: "s3", type: "Gateway" },
    { service: "ecr.api", type: "Interface" },
    { service: "ecr.dkr", type: "Interface" },
  ],
  nodeGroups: [group()],
  nodePolicies: { "arn:aws:iam::1:role/node": ["AmazonEC2ContainerRegistryReadOnly"] },
  balancer: { scheme: "internal", subnets: [], exists: false },
};

describe("networkChecks", () => {
  it("pass on the guide's network", () => {
    expect(told(networkChecks(network))).toEqual([]);
  });

  it.each([
    ["no tag for the scheme", { balancer: { scheme: "internet-facing", subnets: [], exists: false } }],
    ["one zone only", { subnets: [subnet("a", "z1"), subnet("b", "z1")] }],
    ["too few addresses", { subnets: [subnet("a", "z1"), subnet("b", "z2", { freeAddresses: 7 })] }],
    [
      "tags of another cluster only",
      {
        subnets: [
          subnet("a", "z1"),
          subnet("b", "z2", {
            tags: { "kubernetes.io/role/internal-elb": "1", "kubernetes.io/cluster/other": "shared" },
          }),
        ],
      },
    ],
    ["an annotation that names one subnet", { balancer: { scheme: "internal", subnets: ["a"], exists: false } }],
    [
      "Block Public Access",
      {
        balancer: { scheme: "internet-facing", subnets: [], exists: false },
        subnets: ["z1", "z2"].map((zone) =>
          subnet(zone, zone, { blocked: true, public: true, tags: { "kubernetes.io/role/elb": "1" } }),
        ),
      },
    ],
  ] as const)("refuse subnets with %s", (_, more) => {
    expect(told(networkChecks({ ...network, ...more }))).toEqual(["fail DEPLOY_INGRESS_SUBNETS"]);
  });

  it("hold the values against what the ingress class sets, which wins", () => {
    const set = { name: "alb", scheme: undefined, group: undefined, subnets: undefined, subnetTags: undefined };
    const own = { scheme: "internal", group: "poolside" };
    const with_ = (params: object, more: object = {}) => {
      const balancer = { ...network.balancer!, params: { ...set, ...params, overruled: own }, ...more };
      return told(networkChecks({ ...network, balancer }));
    };
    expect(with_({})).toEqual([]);
    expect(with_({ scheme: "internal", group: "poolside" })).toEqual([]);
    expect(with_({ scheme: "internet-facing" })).toEqual(["fail DEPLOY_INGRESS_OVERRULED"]);
    expect(with_({ group: "shared" })).toEqual(["warn DEPLOY_INGRESS_OVERRULED"]);
    const subnetTags = { tier: ["private", "lb"] };
    expect(with_({ subnetTags }, { subnetTags })).toEqual(["fail DEPLOY_INGRESS_SUBNETS"]);
    const subnets = ["z1", "z2"].map((zone) => subnet(zone, zone, { tags: { tier: "lb" } }));
    const balancer = { ...network.balancer!, subnetTags, params: { ...set, subnetTags, overruled: own } };
    expect(told(networkChecks({ ...network, subnets, balancer }))).toEqual([]);
  });

  it("only warn of subnets once the load balancer is there", () => {
    const balancer = { scheme: "internet-facing", subnets: [], exists: true };
    expect(told(networkChecks({ ...network, balancer }))).toEqual(["warn DEPLOY_INGRESS_SUBNETS"]);
  });

  it("warn of endpoints and pull rights that are missing, and of sick node groups", () => {
    const facts = {
      ...network,
      endpoints: [{ service: "s3", type: "Interface" }],
      nodeGroups: [group({ status: "DEGRADED", issues: ["AsgInstanceLaunchFailures: no capacity"] })],
      nodePolicies: { "arn:aws:iam::1:role/node": ["AmazonEKSWorkerNodePolicy"] },
    };
    expect(told(networkChecks(facts))).toEqual([
      "warn DEPLOY_S3_ENDPOINT",
      "warn DEPLOY_ECR_ENDPOINTS",
      "warn DEPLOY_NODE_PULL_POLICY",
      "warn DEPLOY_NODE_GROUP",
    ]);
  });

  it("ask no ECR endpoints for public nodes", () => {
    const subnets = [subnet("a", "z1", { public: true }), subnet("b", "z2", { public: true })];
    const endpoints = [{ service: "s3", type: "Gateway" }];
    expect(told(networkChecks({ ...network, subnets, endpoints }))).toEqual([]);
  });

  it("say what was not looked at", () => {
    const facts = { ...network, subnets: hidden, endpoints: hidden, nodeGroups: hidden, nodePolicies: {} };
    expect(new Set(told(networkChecks(facts)))).toEqual(new Set(["not looked at"]));
  });
});

const gpus: GpuFacts = {
  gpus: { nodes: [{ node: "n", all: 8, free: 8 }], verdict: { kind: "fits" }, canGrow: false },
  surge: "auto",
  silentNodes: [],
  operator: "ready",
  resourceSlices: false,
  nodeGroups: [group()],
  autoscaler: undefined,
};
const none = { nodes: [], verdict: { kind: "short", needed: 4, available: 0, largest: 0 }, canGrow: false } as const;
const short = {
  nodes: [{ node: "n", all: 8, free: 0 }],
  verdict: { kind: "short", needed: 16, available: 8, largest: 8 },
  canGrow: false,
} as const;

describe("gpuChecks", () => {
  it("take what nodes offer as the truth: an operator that is ready over nothing does not help", () => {
    const checks = gpuChecks({ ...gpus, gpus: none });
    expect(told(checks)).toEqual(["fail DEPLOY_GPU_ABSENT"]);
    expect(checks.at(-1)!.seen).toContain("ready, over nothing");
  });

  it("tell GPUs of the newer kind apart from none", () => {
    expect(gpuChecks({ ...gpus, gpus: none, resourceSlices: true }).at(-1)!.seen).toContain("ResourceSlices");
  });

  it.each([
    ["a node that should offer GPUs and does not", { silentNodes: ["n2"] }],
    ["an operator that is not ready", { operator: "notReady" }],
  ])("warn of %s", (_, more) => {
    expect(told(gpuChecks({ ...gpus, ...more }))).toEqual(["warn DEPLOY_GPU_PLUGIN"]);
  });

  it.each([
    ["a node group at 0", { nodeGroups: [group({ desired: 0 })] }],
    ["a reservation that starts later", { nodeGroups: [group({ capacityType: "CAPACITY_BLOCK" })] }],
    ["a node group that is being made", { nodeGroups: [group({ status: "CREATING" })] }],
    ["Karpenter", { autoscaler: "Karpenter" }],
    ["surge: wait", { surge: "wait" }],
  ] as const)("only warn of missing capacity with %s", (_, more) => {
    expect(told(gpuChecks({ ...gpus, gpus: short, ...more }))).toEqual(["warn DEPLOY_GPU_SHORT"]);
  });

  it("refuse missing capacity where nothing brings more", () => {
    expect(told(gpuChecks({ ...gpus, gpus: short }))).toEqual(["fail DEPLOY_GPU_SHORT"]);
    expect(told(gpuChecks({ ...gpus, gpus: short, nodeGroups: hidden }))).toEqual(["fail DEPLOY_GPU_SHORT"]);
  });
});

function checkpoint(more: Partial<CheckpointFacts> = {}): CheckpointFacts {
  const common = { prefix: "s3://b/p", files: 3, bytes: 70 * gib, safetensorsBytes: 67 * gib };
  return { ...common, manifest: undefined, manifestDigest: undefined, complete: false, differences: [], ...more };
}

function model(more: Partial<ModelFacts> = {}): ModelFacts {
  return { model: "point", gpus: 1, starts: true, prefix: "s3://b/p", checkpoint: checkpoint(), ...more };
}

const nodes = [{ node: "n", all: 8, free: 8, memory: 141 * gib }];

describe("modelChecks", () => {
  it("pass where the weights fit the GPUs' memory", () => {
    expect(told(modelChecks([model()], nodes, []))).toEqual([]);
  });

  it.each([
    [
      "an empty prefix",
      model({ checkpoint: checkpoint({ files: 0, safetensorsBytes: 0 }) }),
      "DEPLOY_CHECKPOINT_EMPTY",
    ],
    [
      "a sync that is not finished",
      model({ checkpoint: checkpoint({ manifest: { files: [{}] } as never, differences: ["a.safetensors"] }) }),
      "DEPLOY_CHECKPOINT_INCOMPLETE",
    ],
    [
      "more bytes than its GPUs hold",
      model({ checkpoint: checkpoint({ safetensorsBytes: 142 * gib }) }),
      "DEPLOY_GPU_MEMORY",
    ],
  ] as const)("refuse %s, and only warn where no new pod starts", (_, facts, code) => {
    expect(told(modelChecks([facts], nodes, []))).toEqual([`fail ${code}`]);
    expect(told(modelChecks([{ ...facts, starts: false }], nodes, []))).toEqual([`warn ${code}`]);
  });

  it("count only nodes that have GPUs enough for one pod, and guess nothing without the label", () => {
    const big = model({ gpus: 8, checkpoint: checkpoint({ safetensorsBytes: 900 * gib }) });
    expect(told(modelChecks([big], [...nodes, { node: "small", all: 4, free: 4, memory: 999 * gib }], []))).toEqual([]);
    const bare = [{ node: "n", all: 8, free: 8, memory: undefined }];
    expect(told(modelChecks([big], bare, []))).toEqual(["not looked at"]);
  });

  it("ask the instance type of a node group at 0 where no node is there", () => {
    const types = [{ type: "p5.48xlarge", count: 8, memory: 80 * gib }];
    const large = checkpoint({ safetensorsBytes: 420 * gib });
    const four = modelChecks([model({ gpus: 4, checkpoint: large })], [], types);
    expect(told(four)).toEqual(["fail DEPLOY_GPU_MEMORY"]);
    expect(four.at(-1)!.seen).toContain("of a p5.48xlarge, whose node group is at 0");
    expect(told(modelChecks([model({ gpus: 8, checkpoint: large })], [], types))).toEqual([]);
    expect(told(modelChecks([model({ checkpoint: large })], [], hidden))).toEqual(["not looked at"]);
    expect(told(modelChecks([model({ checkpoint: large })], undefined, []))).toEqual([]);
  });

  it("tell a bucket that does not exist apart from one that may not be read", () => {
    const gone = model({ checkpoint: { notSeen: "AWS refused while listing s3://b/p (NoSuchBucket: ...)" } });
    expect(told(modelChecks([gone], nodes, []))).toEqual(["fail DEPLOY_CHECKPOINT_MISSING"]);
    expect(told(modelChecks([model({ checkpoint: hidden })], nodes, []))).toEqual(["not looked at"]);
  });

  it("wait for what an earlier step brings", () => {
    expect(told(modelChecks([model({ checkpoint: "upcoming" })], nodes, []))).toEqual([]);
  });
});

describe("imageChecks", () => {
  const reference = "1.dkr.ecr.us-east-2.amazonaws.com/atlas:1";
  it("refuse a tag that ECR does not have, and say which registry was not asked", () => {
    const common = { reference, digest: undefined };
    expect(told(imageChecks([{ ...common, source: "registry", registry: "absent" }]))).toEqual([
      "fail DEPLOY_IMAGE_NOT_FOUND",
    ]);
    expect(told(imageChecks([{ ...common, source: "unknown", registry: hidden }]))).toEqual(["not looked at"]);
    expect(told(imageChecks([{ ...common, source: "upcoming", registry: undefined }]))).toEqual([]);
  });
});

describe("objectChecks", () => {
  const facts = { release: "inference", namespace: "m", foreign: [], unknownKinds: [], unwatched: [] };
  const object = (apiVersion: string, kind: string, name: string) => ({ apiVersion, kind, metadata: { name } });

  it("refuse what is in the way, with the commands that hand it over", () => {
    const checks = objectChecks({ ...facts, foreign: [object("apps/v1", "Deployment", "inference-point")] });
    expect(told(checks)).toEqual(["fail DEPLOY_OBJECT_FOREIGN"]);
    expect(checks[0]!.remedy).toContain(
      "kubectl annotate deployment/inference-point -n m meta.helm.sh/release-name=inference meta.helm.sh/release-namespace=m --overwrite",
    );
    const account = objectChecks({ ...facts, foreign: [object("v1", "ServiceAccount", "inference")] });
    expect(account[0]!.remedy).toContain("serviceAccount.create: false");
  });

  it("warn of kinds that the cluster does not know, and name workloads that nobody waits for", () => {
    expect(told(objectChecks(facts))).toEqual([]);
    const unknown = { ...facts, unknownKinds: ["monitoring.coreos.com/v1 PodMonitor"] };
    expect(told(objectChecks(unknown))).toEqual(["warn DEPLOY_KIND_UNKNOWN"]);
    const checks = objectChecks({ ...facts, unwatched: [object("apps/v1", "StatefulSet", "cache")] });
    expect(told(checks)).toEqual(["not looked at"]);
    expect(checks[1]!.seen).toContain("StatefulSet cache");
  });
});

describe("certificateChecks", () => {
  const certificate = { arn: "arn:aws:acm:r:1:certificate/c", status: "ISSUED", names: ["*.dev.example.com"] };
  const facts = certificate as unknown as CertificateFacts;
  it("refuse one that is not issued, and hosts that a wildcard of one label does not cover", () => {
    expect(told(certificateChecks([facts], ["Point.dev.example.com"]))).toEqual([]);
    for (const host of ["dev.example.com", "a.b.dev.example.com", "point.example.com"])
      expect(told(certificateChecks([facts], [host]))).toEqual(["fail DEPLOY_INGRESS_CERTIFICATE"]);
    expect(told(certificateChecks([{ ...facts, status: "PENDING_VALIDATION" }], []))).toEqual([
      "fail DEPLOY_INGRESS_CERTIFICATE",
    ]);
  });
});

describe("identityChecks", () => {
  const facts: IdentityFacts = {
    account: "inference",
    namespace: "m",
    exists: true,
    role: undefined,
    association: false,
    staticKey: false,
  };
  it.each([
    ["a role by annotation", { role: "arn:aws:iam::1:role/r" }, []],
    ["a Pod Identity association", { association: true }, []],
    ["a static key", { staticKey: true }, []],
    ["none of the three", {}, ["fail DEPLOY_NO_CREDENTIALS"]],
    ["an account that nobody makes", { exists: false, role: "r" }, ["fail DEPLOY_SERVICE_ACCOUNT"]],
    ["associations that may not be listed", { association: hidden }, ["not looked at"]],
  ] as const)("judge %s", (_, more, expected) => {
    expect(told(identityChecks([{ ...facts, ...more }]))).toEqual(expected);
  });
});

describe("namespaceChecks", () => {
  const spec = {
    containers: [{ name: "inference", resources: { limits: { "nvidia.com/gpu": "4" }, requests: { memory: "10Gi" } } }],
  };
  const workload = { model: "point", object: { spec: { template: { spec } } } } as unknown as Workload;
  const space = (hard: Record<string, string>, used: Record<string, string>, labels = {}) => ({
    name: "m",
    namespace: { metadata: { name: "m", labels } },
    quotas: [{ metadata: { name: "q" }, status: { hard, used } }],
    starting: [{ workload, pods: 1 }],
    workloads: [workload],
  });

  it.each([
    ["requests.nvidia.com/gpu", "8", "4", []],
    ["requests.nvidia.com/gpu", "8", "5", ["fail DEPLOY_QUOTA"]],
    ["pods", "2", "2", ["fail DEPLOY_QUOTA"]],
    ["requests.memory", "32Gi", "23Gi", ["fail DEPLOY_QUOTA"]],
    ["limits.memory", "1Gi", "1Gi", []],
    ["count/secrets", "1", "1", []],
  ] as const)("count the new pods against a quota of %s: %s hard, %s used", (resource, hard, used, expected) => {
    expect(told(namespaceChecks(space({ [resource]: hard }, { [resource]: used })))).toEqual(expected);
  });

  it("hold rendered pods to the namespace's Pod Security level", () => {
    const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
    expect(told(namespaceChecks(space({}, {}, labels)))).toEqual(["fail DEPLOY_POD_SECURITY"]);
    expect(
      told(namespaceChecks(space({}, {}, { ...labels, "pod-security.kubernetes.io/enforce": "baseline" }))),
    ).toEqual([]);
  });

  it("know the rules of both levels", () => {
    const good = {
      securityContext: { runAsNonRoot: true, runAsUser: 10_003, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        { name: "c", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
      ],
    };
    expect(violations(good, "restricted")).toEqual([]);
    expect(violations({ ...good, hostNetwork: true }, "baseline")).toEqual(["hostNetwork"]);
    expect(violations({ ...good, volumes: [{ name: "v", hostPath: {} }] }, "baseline")).toEqual(["hostPath volume"]);
    const privileged = [{ name: "c", securityContext: { privileged: true } }];
    expect(violations({ containers: privileged }, "baseline")).toEqual(["privileged"]);
    expect(violations({ ...good, securityContext: { ...good.securityContext, runAsUser: 0 } }, "restricted")).toEqual([
      "runAsUser is 0",
    ]);
  });
});

describe("a finding", () => {
  const check: Check = { name: "GPUs", result: "fail", seen: "none", code: "DEPLOY_GPU_ABSENT", remedy: "Add some." };
  it("that is accepted by its code becomes a warning and stops nothing", () => {
    expect(preflightFailure([check])).toMatchObject({ code: "DEPLOY_GPU_ABSENT" });
    const accepted = accepting([check], ["DEPLOY_GPU_ABSENT"]);
    expect(preflightFailure(accepted)).toBeUndefined();
    expect(warningsOf(accepted)).toMatchObject([{ code: "DEPLOY_GPU_ABSENT", level: "warning" }]);
  });

  it("among several is named with all the others", () => {
    const second = { ...check, name: "Subnets", code: "DEPLOY_INGRESS_SUBNETS" };
    expect(preflightFailure([check, second])).toMatchObject({
      code: "DEPLOY_PREFLIGHT",
      happened: expect.stringMatching(/GPUs.*\n.*Subnets/),
    });
  });
});
