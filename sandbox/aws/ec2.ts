import { queryService } from "./query.ts";
import { AwsError, type AwsService, NotBuilt } from "./service.ts";
import { XmlList, type XmlValue } from "./xml.ts";

/** A subnet; tests set its fields. */
export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  cidr: string;
  free: number;
  publicAddresses: boolean;
  /** VPC Block Public Access: `off`, `block-bidirectional`, `block-ingress`. */
  blockPublicAccess: string;
  tags: Readonly<Record<string, string>>;
}

/** A VPC endpoint; tests set its state. */
export interface VpcEndpoint {
  readonly id: string;
  readonly vpcId: string;
  /** `com.amazonaws.us-east-2.s3`. */
  readonly service: string;
  readonly type: "Gateway" | "Interface";
  state: string;
}

/** GPUs of an instance type. Source: EC2's instance type pages. */
export interface InstanceType {
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpu?: { readonly name: string; readonly count: number; readonly memoryMiB: number };
}

/** Subnets, endpoints and instance types of one region. */
export class Ec2State {
  readonly subnets = new Map<string, Subnet>();
  readonly endpoints = new Map<string, VpcEndpoint>();
  readonly instanceTypes = new Map<string, InstanceType>([
    ["p5.48xlarge", { vcpus: 192, memoryMiB: 2_097_152, gpu: { name: "H100", count: 8, memoryMiB: 81_920 } }],
    ["p5e.48xlarge", { vcpus: 192, memoryMiB: 2_097_152, gpu: { name: "H200", count: 8, memoryMiB: 144_384 } }],
    ["p5en.48xlarge", { vcpus: 192, memoryMiB: 2_097_152, gpu: { name: "H200", count: 8, memoryMiB: 144_384 } }],
    ["m7i.xlarge", { vcpus: 4, memoryMiB: 16_384 }],
  ]);
}

const items = (list: readonly XmlValue[]) => new XmlList("item", list);

/** EC2: DescribeSubnets (by ids, or filters `vpc-id`, `subnet-id`, `tag-key`, `tag:<key>`), DescribeVpcEndpoints (filter `vpc-id`) and DescribeInstanceTypes. */
export function createEc2(ec2: Ec2State, account: string, arn: (subnet: string) => string): AwsService {
  return queryService("ec2", "2016-11-15", {
    DescribeSubnets: {
      run: (form) => {
        const ids = form.list("SubnetId");
        const unknown = ids.filter((id) => !ec2.subnets.has(id));
        if (unknown.length > 0)
          throw new AwsError(400, "InvalidSubnetID.NotFound", `The subnet ID '${unknown.join(", ")}' does not exist`);
        const filters = form.structures("Filter").map((filter) => ({
          name: filter.get("Name") ?? "",
          values: filter.list("Value"),
        }));
        const found = [...ec2.subnets.values()]
          .filter(({ id }) => ids.length === 0 || ids.includes(id))
          .filter((subnet) => filters.every(({ name, values }) => passes(subnet, name, values)));
        return { subnetSet: items(found.map((subnet) => showSubnet(subnet, account, arn))) };
      },
    },
    DescribeVpcEndpoints: {
      run: (form) => {
        const [filter, ...more] = form.structures("Filter");
        if (more.length > 0 || filter?.get("Name") !== "vpc-id")
          throw new NotBuilt("ec2", "DescribeVpcEndpoints without the filter vpc-id alone");
        const found = [...ec2.endpoints.values()].filter(({ vpcId }) => filter.list("Value").includes(vpcId));
        return {
          vpcEndpointSet: items(
            found.map(({ id, vpcId, service, type, state }) => ({
              vpcEndpointId: id,
              vpcEndpointType: type,
              vpcId,
              serviceName: service,
              state,
            })),
          ),
        };
      },
    },
    DescribeInstanceTypes: {
      run: (form) => {
        const names = form.list("InstanceType");
        const unknown = names.filter((name) => !ec2.instanceTypes.has(name));
        if (unknown.length > 0)
          throw new AwsError(
            400,
            "InvalidInstanceType",
            `The following supplied instance types do not exist: [${unknown.join(", ")}]`,
          );
        const found = [...ec2.instanceTypes].filter(([name]) => names.length === 0 || names.includes(name));
        return { instanceTypeSet: items(found.map(([name, type]) => showType(name, type))) };
      },
    },
  });
}

function passes(subnet: Subnet, name: string, values: readonly string[]): boolean {
  if (name === "vpc-id") return values.includes(subnet.vpcId);
  if (name === "subnet-id") return values.includes(subnet.id);
  if (name === "tag-key") return values.some((key) => key in subnet.tags);
  if (name.startsWith("tag:")) return values.includes(subnet.tags[name.slice(4)] ?? "\0");
  throw new NotBuilt("ec2", `DescribeSubnets with the filter ${name}`);
}

function showSubnet(subnet: Subnet, account: string, arn: (subnet: string) => string): XmlValue {
  return {
    subnetId: subnet.id,
    subnetArn: arn(subnet.id),
    state: "available",
    ownerId: account,
    vpcId: subnet.vpcId,
    cidrBlock: subnet.cidr,
    availableIpAddressCount: subnet.free,
    availabilityZone: subnet.zone,
    availabilityZoneId: `use2-az${(subnet.zone.charCodeAt(subnet.zone.length - 1) % 3) + 1}`,
    defaultForAz: false,
    mapPublicIpOnLaunch: subnet.publicAddresses,
    blockPublicAccessStates: { internetGatewayBlockMode: subnet.blockPublicAccess },
    tagSet: items(Object.entries(subnet.tags).map(([key, value]) => ({ key, value }))),
  };
}

function showType(name: string, type: InstanceType): XmlValue {
  const { gpu } = type;
  return {
    instanceType: name,
    currentGeneration: true,
    vCpuInfo: { defaultVCpus: type.vcpus },
    memoryInfo: { sizeInMiB: type.memoryMiB },
    gpuInfo: gpu && {
      gpus: items([
        { name: gpu.name, manufacturer: "NVIDIA", count: gpu.count, memoryInfo: { sizeInMiB: gpu.memoryMiB } },
      ]),
      totalGpuMemoryInMiB: gpu.count * gpu.memoryMiB,
    },
  };
}
