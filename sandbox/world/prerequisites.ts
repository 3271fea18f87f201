import type { Cluster } from "../aws/eks/state.ts";
import type { Kubernetes } from "../kubernetes/cluster.ts";
import { usualNodes } from "../kubernetes/nodes.ts";
import type { KubeObject } from "../kubernetes/objects.ts";
import type { AwsStates } from "./aws.ts";

/** What the guide asks to be there before a release; a world can start without some of it. */
export type Prerequisite =
  | "oidc-provider"
  | "gpu-nodes"
  | "load-balancer-controller"
  | "subnet-tags"
  | "bucket-key"
  | "access-entry"
  | "node-pull-policy"
  | "s3-endpoint"
  | "ecr-endpoints";

const vpcId = "vpc-0a1b2c3d4e5f60718";

/** Subnets in two zones, public and private, tagged for the load balancer's discovery. */
export function laySubnets({ ec2 }: AwsStates, region: string, tagged: boolean): void {
  for (const [index, zone] of ["a", "b"].entries())
    for (const [kind, tag] of [
      ["public", "kubernetes.io/role/elb"],
      ["private", "kubernetes.io/role/internal-elb"],
    ] as const) {
      const id = `subnet-0${kind === "public" ? "a" : "b"}${zone.repeat(15)}`;
      ec2.subnets.set(id, {
        id,
        vpcId,
        zone: `${region}${zone}`,
        cidr: `10.0.${index * 32 + (kind === "public" ? 0 : 16)}.0/20`,
        free: 4000,
        publicAddresses: kind === "public",
        blockPublicAccess: "off",
        tags: { Name: `acme-${kind}-${zone}`, ...(tagged ? { [tag]: "1" } : {}) },
      });
    }
}

/** Endpoints of the VPC: a gateway to S3, interfaces to ECR. */
export function layEndpoints({ ec2 }: AwsStates, region: string, has: (prerequisite: Prerequisite) => boolean): void {
  const lay = (service: string, type: "Gateway" | "Interface") => {
    const id = `vpce-0${ec2.endpoints.size}${"e".repeat(15)}`;
    ec2.endpoints.set(id, { id, vpcId, service: `com.amazonaws.${region}.${service}`, type, state: "available" });
  };
  if (has("s3-endpoint")) lay("s3", "Gateway");
  if (has("ecr-endpoints")) for (const service of ["ecr.api", "ecr.dkr"]) lay(service, "Interface");
}

/** The role of a cluster's nodes, with the policies that the guide's reference cluster attaches. */
export function layNodeRole({ iam }: AwsStates, cluster: string, mayPull: boolean): void {
  const name = `${cluster}-node`;
  const managed = ["AmazonEKSWorkerNodePolicy", ...(mayPull ? ["AmazonEC2ContainerRegistryReadOnly"] : [])];
  const trust = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
  };
  const role = {
    name,
    path: "/",
    arn: iam.arn("role", name),
    id: iam.newId("AROA", name),
    account: iam.account,
    trust: JSON.stringify(trust),
    description: undefined,
    maxSessionSeconds: 3600,
    boundary: undefined,
    tags: new Map(),
    inline: new Map(),
    attached: managed.map((policy) => `arn:${iam.partition}:iam::aws:policy/${policy}`),
    createdAt: iam.now(),
  };
  iam.putRole(role, name);
  iam.settle();
}

/** Node groups as EKS describes them: one for the cluster's own pods, one with GPUs. */
export function layNodegroups(cluster: Cluster, account: string, subnets: readonly string[], gpus: boolean): void {
  const common = {
    status: "ACTIVE",
    capacityType: "ON_DEMAND",
    scaling: { minSize: 1, maxSize: 2, desiredSize: 1 },
    labels: {},
    nodeRole: `arn:aws:iam::${account}:role/${cluster.name}-node`,
    subnets,
    issues: [],
  };
  cluster.nodegroups.set("system", {
    ...common,
    name: "system",
    amiType: "AL2023_x86_64_STANDARD",
    instanceTypes: ["m7i.2xlarge"],
    taints: [],
  });
  if (!gpus) return;
  cluster.nodegroups.set("gpu", {
    ...common,
    name: "gpu",
    amiType: "AL2023_x86_64_NVIDIA",
    instanceTypes: ["p5e.48xlarge"],
    taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NO_SCHEDULE" }],
  });
}

/** What a node gets for an image: the registry's digest, or the runtime's words where its role may not pull. */
export function imagesFor({ ecr }: AwsStates, mayPull: boolean) {
  return (reference: string) => {
    const [host, rest = ""] = reference.split(/\/(.*)/s);
    const [name, tag = "latest"] = rest.split(/[:@](.*)/s);
    const url = `http://${host}/v2/${name}/manifests/${tag}`;
    if (mayPull || host !== ecr.host) return ecr.resolve(reference);
    return {
      refused: `failed to pull and unpack image "${reference}": failed to resolve reference "${reference}": unexpected status from HEAD request to ${url}: 403 Forbidden`,
    };
  };
}

export function nodesOf(gpus: boolean) {
  return usualNodes.filter((node) => gpus || !node.gpus);
}

/** What the load balancer controller would hear from AWS: a certificate that it cannot use, too few tagged subnets. */
export function balancerObjection({ acm, ec2 }: AwsStates) {
  return (model: { readonly scheme: "internal" | "internet-facing"; readonly certificates: readonly string[] }) => {
    const unusable = model.certificates.find((arn) => acm.certificates.get(arn)?.status !== "ISSUED");
    if (unusable !== undefined)
      return `ValidationError: Certificate ARN '${unusable}' is not valid or its certificate is not issued`;
    const tag = model.scheme === "internal" ? "kubernetes.io/role/internal-elb" : "kubernetes.io/role/elb";
    const zones = new Set([...ec2.subnets.values()].filter(({ tags }) => tag in tags).map(({ zone }) => zone));
    if (zones.size === 0) return "couldn't auto-discover subnets: unable to resolve at least one subnet";
    return zones.size < 2
      ? "ValidationError: At least two subnets in two different Availability Zones must be specified"
      : undefined;
  };
}

/** Scales the load balancer controller; without ready pods its webhook refuses every Service and Ingress. */
export function scaleBalancerController({ api, store }: Kubernetes, replicas: number): void {
  const found = store.get("deployments", "kube-system", "aws-load-balancer-controller");
  if (!found) throw new Error("the sandbox's cluster has no load balancer controller");
  api.modify<KubeObject & { spec: { replicas: number } }>(
    "deployments",
    found,
    (draft) => {
      draft.spec.replicas = replicas;
    },
    { user: "system:masters", manager: "kubectl" },
  );
}
