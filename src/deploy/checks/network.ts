import { isSeen, type Seen } from "../../facts/looking.ts";
import type { Subnet, VpcEndpoint } from "../../facts/network.ts";
import type { NodeGroup } from "../../facts/node-groups.ts";
import type { ClassParams } from "../class-params.ts";
import { type Check, failed, notLookedAt, passed, warned } from "./check.ts";

/** What the checks of the cluster's network rest on. */
export interface NetworkFacts {
  readonly cluster: string;
  readonly subnets: Seen<readonly Subnet[]>;
  readonly endpoints: Seen<readonly VpcEndpoint[]>;
  readonly nodeGroups: Seen<readonly NodeGroup[]>;
  /** Managed policies of the nodes' roles, by ARN of the role. */
  readonly nodePolicies: Readonly<Record<string, Seen<readonly string[]>>>;
  /** The load balancer that the rendered Ingresses ask for; absent where the chart makes none. */
  readonly balancer: BalancerWish | undefined;
}

export interface BalancerWish {
  readonly scheme: string;
  /** Ids or names that an annotation gives: then nothing is discovered by tags. */
  readonly subnets: readonly string[];
  /** Tags that the class selects subnets by, instead. */
  readonly subnetTags?: ClassParams["subnetTags"];
  /** What the class sets, and the annotations that say the same or something else. */
  readonly params?: ClassParams & {
    readonly overruled: { readonly scheme: string | undefined; readonly group: string | undefined };
  };
  /** It is there already: its subnets were found once. */
  readonly exists: boolean;
}

/** An Application Load Balancer takes at least this many free addresses in each of its subnets (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html). */
const addressesPerSubnet = 8;

/** Subnets of the load balancer, endpoints and pull rights of the nodes. */
export function networkChecks(facts: NetworkFacts): readonly Check[] {
  return [
    ...overruled(facts),
    ...subnetChecks(facts),
    s3Endpoint(facts),
    ...ecrEndpoints(facts),
    ...pullRights(facts),
    ...nodeGroupHealth(facts),
  ];
}

/** An ingress class that sets something else than the values do wins silently: an internal load balancer would be open to the internet. */
function overruled({ balancer }: NetworkFacts): readonly Check[] {
  if (!balancer?.params) return [];
  const { name: params, scheme, group, overruled: own } = balancer.params;
  const name = `IngressClassParams ${params}`;
  const differing = (set: string | undefined, wanted: string | undefined) => set !== undefined && set !== wanted;
  const look = `Look at it: kubectl get ingressclassparams ${params} -o yaml`;
  if (differing(scheme, own.scheme ?? "internal"))
    return [
      failed(
        name,
        "DEPLOY_INGRESS_OVERRULED",
        `it makes every load balancer of its class ${scheme}, and the values say ${own.scheme ?? "nothing, which means internal"}`,
        `Say ingress.scheme: ${scheme}, or use another ingress.className. ${look}`,
      ),
    ];
  if (differing(group, own.group))
    return [
      warned(
        name,
        "DEPLOY_INGRESS_OVERRULED",
        `it puts every Ingress of its class into the group ${group}, and the values say ${own.group ?? "none"}`,
        `Say ingress.groupName: ${group}, or use another ingress.className. ${look}`,
      ),
    ];
  return [passed(name, "it sets nothing else than the values")];
}

function subnetChecks({ subnets, balancer, cluster }: NetworkFacts): readonly Check[] {
  if (!balancer) return [];
  const name = `Subnets for the ${balancer.scheme} load balancer`;
  if (!isSeen(subnets)) return [notLookedAt(name, subnets.notSeen)];
  const tag = balancer.scheme === "internet-facing" ? "kubernetes.io/role/elb" : "kubernetes.io/role/internal-elb";
  const { subnetTags } = balancer;
  const named = balancer.subnets.length > 0 || subnetTags !== undefined;
  const fitting = subnets.filter((subnet) => {
    if (subnetTags) return isSelected(subnet, subnetTags);
    return named ? isNamed(subnet, balancer.subnets) : isTagged(subnet, tag, cluster);
  });
  const open = balancer.scheme === "internet-facing" ? fitting.filter((subnet) => !subnet.blocked) : fitting;
  const roomy = open.filter((subnet) => subnet.freeAddresses >= addressesPerSubnet);
  const zones = (list: readonly Subnet[]) => new Set(list.map((subnet) => subnet.zone)).size;
  const by = subnetTags || balancer.params?.subnets ? `IngressClassParams ${balancer.params?.name}` : "the annotation";
  const how = named ? `named by ${by}` : `tagged ${tag}`;
  if (zones(roomy) >= 2) return [passed(name, `${roomy.length} in ${zones(roomy)} zones, ${how}`)];
  const [seen, remedy] =
    zones(fitting) < 2
      ? [
          `${fitting.length} ${how}, in ${zones(fitting)} of the two zones that it needs`,
          named
            ? `Name subnets in two zones in ${by === "the annotation" ? "alb.ingress.kubernetes.io/subnets" : by}.`
            : `Tag them: aws ec2 create-tags --resources <subnet> <subnet> --tags Key=${tag},Value=1`,
        ]
      : zones(open) < 2
        ? [
            "VPC Block Public Access keeps the internet out of them",
            "Exclude these subnets from Block Public Access, or use scheme: internal.",
          ]
        : [
            `fewer than ${addressesPerSubnet} free addresses in ${zones(open) - zones(roomy)} of their zones`,
            "Free addresses in these subnets, or tag larger ones.",
          ];
  const result = balancer.exists ? warned : failed;
  return [result(name, "DEPLOY_INGRESS_SUBNETS", seen, remedy)];
}

function isNamed({ id, tags }: Subnet, names: readonly string[]): boolean {
  return names.includes(id) || names.includes(tags["Name"] ?? "");
}

function isSelected({ tags }: Subnet, wanted: NonNullable<BalancerWish["subnetTags"]>): boolean {
  return Object.entries(wanted).every(([key, values]) => values.includes(tags[key] ?? ""));
}

/** The controller leaves subnets out that carry other clusters' tags only. */
function isTagged({ tags }: Subnet, tag: string, cluster: string): boolean {
  const clusters = Object.keys(tags).filter((key) => key.startsWith("kubernetes.io/cluster/"));
  const ours = clusters.length === 0 || clusters.includes(`kubernetes.io/cluster/${cluster}`);
  return ours && ["1", ""].includes(tags[tag] ?? "no");
}

function s3Endpoint({ endpoints }: NetworkFacts): Check {
  const name = "S3 gateway endpoint";
  if (!isSeen(endpoints)) return notLookedAt(name, endpoints.notSeen);
  if (endpoints.some(({ service, type }) => service === "s3" && type === "Gateway")) return passed(name, "there");
  return warned(
    name,
    "DEPLOY_S3_ENDPOINT",
    "none: checkpoints are downloaded through NAT gateways, at their price and speed",
    "aws ec2 create-vpc-endpoint --vpc-id <vpc> --service-name com.amazonaws.<region>.s3 --route-table-ids <tables of the nodes' subnets>",
  );
}

function ecrEndpoints({ endpoints, subnets, nodeGroups }: NetworkFacts): readonly Check[] {
  if (!isSeen(subnets) || !isSeen(nodeGroups)) return [];
  const used = new Set(nodeGroups.flatMap((group) => group.subnets));
  const nodes = subnets.filter(({ id }) => used.has(id));
  if (nodes.length === 0 || nodes.every((subnet) => subnet.public)) return [];
  const name = "ECR endpoints for private nodes";
  if (!isSeen(endpoints)) return [notLookedAt(name, endpoints.notSeen)];
  const missing = ["ecr.api", "ecr.dkr"].filter((service) => !endpoints.some((item) => item.service === service));
  if (missing.length === 0) return [passed(name, "ecr.api and ecr.dkr")];
  return [
    warned(
      name,
      "DEPLOY_ECR_ENDPOINTS",
      `${missing.join(" and ")} missing: images come through NAT gateways, or not at all`,
      "Make interface endpoints for ecr.api and ecr.dkr in the nodes' VPC, unless its NAT gateways are meant to carry the images.",
    ),
  ];
}

/** Policies of AWS that let a node pull. */
const pulling = /^(AmazonEC2ContainerRegistry(ReadOnly|PullOnly|PowerUser|FullAccess)|AdministratorAccess)$/;

function pullRights({ nodePolicies }: NetworkFacts): readonly Check[] {
  return Object.entries(nodePolicies).map(([role, policies]) => {
    const name = `ECR pull policy of ${role.split("/").at(-1)}`;
    if (!isSeen(policies)) return notLookedAt(name, policies.notSeen);
    const found = policies.find((policy) => pulling.test(policy));
    if (found) return passed(name, found);
    return warned(
      name,
      "DEPLOY_NODE_PULL_POLICY",
      `none of AWS's own is attached${policies.length > 0 ? `; there are ${policies.join(", ")}` : ""}`,
      `aws iam attach-role-policy --role-name ${role.split("/").at(-1)} --policy-arn arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly`,
    );
  });
}

function nodeGroupHealth({ nodeGroups }: NetworkFacts): readonly Check[] {
  if (!isSeen(nodeGroups)) return [notLookedAt("Node groups", nodeGroups.notSeen)];
  return nodeGroups
    .filter((group) => group.issues.length > 0)
    .map((group) =>
      warned(
        `Node group ${group.name}`,
        "DEPLOY_NODE_GROUP",
        `${group.status}: ${group.issues.join("; ")}`,
        "Mend what EKS names; new nodes do not join until then.",
      ),
    );
}
