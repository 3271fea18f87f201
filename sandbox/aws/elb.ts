import { createHash } from "node:crypto";
import { type QueryOperation, queryService, required } from "./query.ts";
import { AwsError, type AwsService } from "./service.ts";
import { members, type XmlValue } from "./xml.ts";

export interface Target {
  readonly id: string;
  readonly port: number;
  /** `initial`, `healthy`, `unhealthy`, `unused`, `draining`, `unavailable`. */
  state: string;
  reason?: string;
  description?: string;
}

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  readonly port: number;
  healthCheckPath: string;
  tags: Readonly<Record<string, string>>;
  targets: Target[];
}

/** An Application Load Balancer; tests set its fields. */
export interface LoadBalancer {
  readonly arn: string;
  readonly name: string;
  readonly dnsName: string;
  readonly scheme: "internal" | "internet-facing";
  readonly hostedZoneId: string;
  /** `provisioning`, `active`, `active_impaired`, `failed`. */
  state: string;
  ipAddressType: string;
  vpcId: string;
  tags: Readonly<Record<string, string>>;
  readonly targetGroups: TargetGroup[];
}

/** Load balancers of one account and region. */
export class ElbState {
  readonly loadBalancers = new Map<string, LoadBalancer>();
  private readonly account: string;
  private readonly region: string;
  private readonly base: string;

  constructor(account: string, region: string, partition: string) {
    this.account = account;
    this.region = region;
    this.base = `arn:${partition}:elasticloadbalancing:${region}:${account}:`;
  }

  /** The load balancer of an Ingress group, made where there is none; another scheme is another load balancer, as the controller has it. */
  forGroup(group: string, scheme: LoadBalancer["scheme"], cluster: string): LoadBalancer {
    const hash = createHash("sha256").update(`${this.account}/${cluster}/${group}/${scheme}`).digest("hex");
    const name = `k8s-${group.replaceAll(/[^a-z0-9]/g, "").slice(0, 8)}-${hash.slice(0, 10)}`;
    const arn = `${this.base}loadbalancer/app/${name}/${hash.slice(10, 26)}`;
    const known = this.loadBalancers.get(arn);
    if (known) return known;
    const number = BigInt(`0x${hash.slice(26, 34)}`).toString();
    const made: LoadBalancer = {
      arn,
      name,
      dnsName: `${scheme === "internal" ? "internal-" : ""}${name}-${number}.${this.region}.elb.amazonaws.com`,
      scheme,
      hostedZoneId: "Z3AADJGX6KTTL2",
      state: "active",
      ipAddressType: "ipv4",
      vpcId: "vpc-0a1b2c3d4e5f60718",
      tags: {
        "elbv2.k8s.aws/cluster": cluster,
        "ingress.k8s.aws/stack": group,
        "ingress.k8s.aws/resource": "LoadBalancer",
      },
      targetGroups: [],
    };
    this.loadBalancers.set(arn, made);
    return made;
  }

  /** Sets the targets of one Ingress backend, `namespace/ingress-service:port` as the controller tags it. */
  setTargets(balancer: LoadBalancer, backend: string, port: number, targets: readonly Target[]): TargetGroup {
    const known = balancer.targetGroups.find(({ tags }) => tags["ingress.k8s.aws/resource"] === backend);
    if (known) {
      known.targets = [...targets];
      return known;
    }
    const hash = createHash("sha256").update(`${balancer.arn}/${backend}`).digest("hex");
    const name = `k8s-${backend.replaceAll(/[^a-z0-9]/g, "").slice(0, 8)}-${hash.slice(0, 10)}`;
    const group: TargetGroup = {
      arn: `${this.base}targetgroup/${name}/${hash.slice(10, 26)}`,
      name,
      port,
      healthCheckPath: "/health",
      tags: { ...balancer.tags, "ingress.k8s.aws/resource": backend },
      targets: [...targets],
    };
    balancer.targetGroups.push(group);
    return group;
  }

  removeGroup(arn: string): void {
    this.loadBalancers.delete(arn);
  }
}

/** TLS policies that DescribeSSLPolicies knows. */
const sslPolicies = [
  "ELBSecurityPolicy-2016-08",
  "ELBSecurityPolicy-TLS-1-2-2017-01",
  "ELBSecurityPolicy-FS-1-2-Res-2020-10",
  ...["1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-3"].map((name) => `ELBSecurityPolicy-TLS13-${name}-2021-06`),
  ...["1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-3"].map((name) => `ELBSecurityPolicy-TLS13-${name}-PQ-2025-09`),
];

/** Elastic Load Balancing v2: the reads that smoke-test, DNS and value checks make. */
export function createElb(elb: ElbState): AwsService {
  const groups = () =>
    [...elb.loadBalancers.values()].flatMap((balancer) => balancer.targetGroups.map((group) => ({ balancer, group })));
  const operations: Readonly<Record<string, QueryOperation>> = {
    DescribeLoadBalancers: {
      run: (form) => {
        const names = form.list("Names");
        const arns = form.list("LoadBalancerArns");
        const all = [...elb.loadBalancers.values()];
        const missing = [
          ...names.filter((name) => !all.some((one) => one.name === name)),
          ...arns.filter((arn) => !elb.loadBalancers.has(arn)),
        ];
        if (missing.length > 0)
          throw new AwsError(400, "LoadBalancerNotFound", `Load balancers '[${missing.join(", ")}]' not found`);
        const wanted = all.filter(
          ({ name, arn }) => names.length + arns.length === 0 || names.includes(name) || arns.includes(arn),
        );
        return { LoadBalancers: members(wanted.map(showBalancer)) };
      },
    },
    DescribeTargetGroups: {
      run: (form) => {
        const balancer = form.get("LoadBalancerArn");
        const arns = form.list("TargetGroupArns");
        if (balancer !== undefined && !elb.loadBalancers.has(balancer))
          throw new AwsError(400, "LoadBalancerNotFound", `Load balancer '${balancer}' not found`);
        const wanted = groups().filter(
          ({ balancer: of, group }) =>
            (balancer === undefined || of.arn === balancer) && (arns.length === 0 || arns.includes(group.arn)),
        );
        return { TargetGroups: members(wanted.map(({ balancer: of, group }) => showGroup(of, group))) };
      },
    },
    DescribeTargetHealth: {
      run: (form) => {
        const arn = required(form, "TargetGroupArn");
        const found = groups().find(({ group }) => group.arn === arn);
        if (!found) throw new AwsError(400, "TargetGroupNotFound", `Target groups '${arn}' not found`);
        return { TargetHealthDescriptions: members(found.group.targets.map(showTarget)) };
      },
    },
    DescribeTags: {
      run: (form) => {
        const arns = form.list("ResourceArns");
        if (arns.length > 20)
          throw new AwsError(
            400,
            "ValidationError",
            "1 validation error detected: Value at 'resourceArns' failed to satisfy constraint: Member must have length less than or equal to 20",
          );
        const tagged = new Map(
          [...elb.loadBalancers.values(), ...groups().map(({ group }) => group)].map(({ arn, tags }) => [arn, tags]),
        );
        return {
          TagDescriptions: members(
            arns.map((arn) => {
              const tags = tagged.get(arn);
              if (!tags)
                throw new AwsError(
                  400,
                  arn.includes(":targetgroup/") ? "TargetGroupNotFound" : "LoadBalancerNotFound",
                  `'${arn}' not found`,
                );
              return { ResourceArn: arn, Tags: members(Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))) };
            }),
          ),
        };
      },
    },
    DescribeSSLPolicies: {
      run: (form) => {
        const names = form.list("Names");
        const missing = names.filter((name) => !sslPolicies.includes(name));
        if (missing.length > 0)
          throw new AwsError(400, "SSLPolicyNotFound", `SSL policies '${missing.join(", ")}' not found`);
        const wanted = sslPolicies.filter((name) => names.length === 0 || names.includes(name));
        return {
          SslPolicies: members(
            wanted.map((Name) => ({
              Name,
              SslProtocols: members(/TLS13-1-3/.test(Name) ? ["TLSv1.3"] : ["TLSv1.2", "TLSv1.3"]),
              Ciphers: members([]),
            })),
          ),
        };
      },
    },
  };
  return queryService("elasticloadbalancing", "2015-12-01", operations);
}

function showBalancer(balancer: LoadBalancer): XmlValue {
  return {
    LoadBalancerArn: balancer.arn,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: balancer.hostedZoneId,
    LoadBalancerName: balancer.name,
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: balancer.state },
    Type: "application",
    IpAddressType: balancer.ipAddressType,
    AvailabilityZones: members([]),
    SecurityGroups: members([]),
  };
}

function showGroup(balancer: LoadBalancer, group: TargetGroup): XmlValue {
  return {
    TargetGroupArn: group.arn,
    TargetGroupName: group.name,
    Protocol: "HTTP",
    Port: group.port,
    VpcId: balancer.vpcId,
    HealthCheckProtocol: "HTTP",
    HealthCheckPort: "traffic-port",
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: 15,
    HealthCheckTimeoutSeconds: 5,
    HealthyThresholdCount: 2,
    UnhealthyThresholdCount: 2,
    HealthCheckPath: group.healthCheckPath,
    Matcher: { HttpCode: "200" },
    LoadBalancerArns: members([balancer.arn]),
    TargetType: "ip",
  };
}

function showTarget(target: Target): XmlValue {
  return {
    Target: { Id: target.id, Port: target.port },
    HealthCheckPort: String(target.port),
    TargetHealth: { State: target.state, Reason: target.reason, Description: target.description },
  };
}
