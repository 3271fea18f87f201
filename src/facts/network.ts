import { ec2Client } from "../aws/ec2.ts";
import { fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";

/** A subnet of the cluster's VPC. */
export interface Subnet {
  readonly id: string;
  readonly zone: string;
  readonly freeAddresses: number;
  /** Instances get public addresses in it; where not, it counts as private. */
  readonly public: boolean;
  /** VPC Block Public Access keeps internet traffic out. */
  readonly blocked: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** A VPC endpoint that is available. */
export interface VpcEndpoint {
  /** `s3`, `ecr.api`, `ecr.dkr`, ...: what follows the region in the service's name. */
  readonly service: string;
  /** `Gateway`, `Interface`, ... */
  readonly type: string;
}

/** All subnets of a VPC. */
export async function vpcSubnets(vpcId: string, aws: Aws, signal: AbortSignal): Promise<readonly Subnet[]> {
  const { paginateDescribeSubnets } = await import("@aws-sdk/client-ec2");
  const client = await ec2Client(aws);
  const subnets: Subnet[] = [];
  try {
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    for await (const page of paginateDescribeSubnets({ client }, { Filters }, { abortSignal: signal }))
      for (const subnet of page.Subnets ?? [])
        subnets.push({
          id: subnet.SubnetId ?? "",
          zone: subnet.AvailabilityZone ?? "",
          freeAddresses: subnet.AvailableIpAddressCount ?? 0,
          public: subnet.MapPublicIpOnLaunch ?? false,
          blocked: !["off", undefined].includes(subnet.BlockPublicAccessStates?.InternetGatewayBlockMode),
          tags: Object.fromEntries((subnet.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value])),
        });
    return subnets;
  } catch (thrown) {
    throw fromAws(thrown, `describing the subnets of ${vpcId}`);
  }
}

/** The endpoints of a VPC that are available. */
export async function vpcEndpoints(vpcId: string, aws: Aws, signal: AbortSignal): Promise<readonly VpcEndpoint[]> {
  const { paginateDescribeVpcEndpoints } = await import("@aws-sdk/client-ec2");
  const client = await ec2Client(aws);
  const endpoints: VpcEndpoint[] = [];
  try {
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    for await (const page of paginateDescribeVpcEndpoints({ client }, { Filters }, { abortSignal: signal }))
      for (const { ServiceName = "", State, VpcEndpointType } of page.VpcEndpoints ?? [])
        if (String(State).toLowerCase() === "available")
          endpoints.push({
            service: ServiceName.split(`.${aws.region}.`)[1] ?? ServiceName,
            type: VpcEndpointType ?? "",
          });
    return endpoints;
  } catch (thrown) {
    throw fromAws(thrown, `describing the endpoints of ${vpcId}`);
  }
}
