import { type RestCall, type RestOperation, restService } from "../rest.ts";
import { AwsError, type AwsService } from "../service.ts";
import { clusterOf, notFound, paged } from "./lookup.ts";
import { podIdentityOperations } from "./pod-identity.ts";
import type { AccessEntry, Cluster, EksState, Nodegroup } from "./state.ts";

/** EKS: reads of clusters, node groups, access and add-ons, and Pod Identity associations. */
export function createEks(
  eks: EksState,
  roleTrusts: (roleArn: string) => "absent" | "untrusting" | "trusting",
  now: () => number,
): AwsService {
  const cluster = (call: RestCall) => clusterOf(eks, call);
  const operations: readonly RestOperation[] = [
    {
      name: "DescribeCluster",
      method: "GET",
      path: "/clusters/{name}",
      resource: ({ params }) => `cluster/${params["name"]}`,
      run: (call) => ({ cluster: showCluster(eks, cluster(call)) }),
    },
    {
      name: "ListNodegroups",
      method: "GET",
      path: "/clusters/{name}/node-groups",
      resource: ({ params }) => `cluster/${params["name"]}`,
      run: (call) => paged(call, "nodegroups", [...cluster(call).nodegroups.keys()]),
    },
    {
      name: "DescribeNodegroup",
      method: "GET",
      path: "/clusters/{name}/node-groups/{nodegroup}",
      resource: ({ params }) => `nodegroup/${params["name"]}/${params["nodegroup"]}`,
      run: (call) => {
        const on = cluster(call);
        const found = on.nodegroups.get(call.params["nodegroup"] ?? "");
        if (!found) throw notFound(`No node group found for name: ${call.params["nodegroup"]}.`);
        return { nodegroup: showNodegroup(eks, on, found) };
      },
    },
    {
      name: "ListAccessEntries",
      method: "GET",
      path: "/clusters/{name}/access-entries",
      resource: ({ params }) => `cluster/${params["name"]}`,
      run: (call) => paged(call, "accessEntries", [...withEntries(cluster(call)).keys()]),
    },
    {
      name: "DescribeAccessEntry",
      method: "GET",
      path: "/clusters/{name}/access-entries/{principal}",
      resource: ({ params }) => `access-entry/${params["name"]}/${params["principal"]}`,
      run: (call) => {
        const on = cluster(call);
        return { accessEntry: showEntry(eks, on, entryOf(on, call)) };
      },
    },
    {
      name: "ListAssociatedAccessPolicies",
      method: "GET",
      path: "/clusters/{name}/access-entries/{principal}/access-policies",
      resource: ({ params }) => `access-entry/${params["name"]}/${params["principal"]}`,
      run: (call) => {
        const on = cluster(call);
        const entry = entryOf(on, call);
        return {
          clusterName: on.name,
          principalArn: entry.principalArn,
          ...paged(
            call,
            "associatedAccessPolicies",
            entry.policies.map(({ name, namespaces }) => ({
              policyArn: `arn:${eks.partition}:eks::aws:cluster-access-policy/${name}`,
              accessScope: { type: namespaces ? "namespace" : "cluster", namespaces: namespaces ?? [] },
              associatedAt: on.createdAt / 1000,
              modifiedAt: on.createdAt / 1000,
            })),
          ),
        };
      },
    },
    {
      name: "DescribeAddon",
      method: "GET",
      path: "/clusters/{name}/addons/{addon}",
      resource: ({ params }) => `addon/${params["name"]}/${params["addon"]}`,
      run: (call) => {
        const on = cluster(call);
        const addon = on.addons.get(call.params["addon"] ?? "");
        if (!addon) throw notFound(`No addon: ${call.params["addon"]} found in cluster: ${on.name}`);
        return {
          addon: {
            addonName: addon.name,
            clusterName: on.name,
            status: addon.status,
            addonVersion: addon.version,
            health: { issues: addon.issues },
            addonArn: eks.arn(`addon/${on.name}/${addon.name}/00c0ffee`),
            createdAt: on.createdAt / 1000,
            modifiedAt: on.createdAt / 1000,
            tags: {},
          },
        };
      },
    },
    ...podIdentityOperations(eks, roleTrusts, now),
  ];
  return restService("eks", operations, undefined, ({ resource }) => [eks.arn(resource)]);
}

function withEntries(cluster: Cluster): ReadonlyMap<string, AccessEntry> {
  if (cluster.authenticationMode === "CONFIG_MAP")
    throw new AwsError(
      400,
      "InvalidRequestException",
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
  return cluster.accessEntries;
}

function entryOf(cluster: Cluster, call: RestCall): AccessEntry {
  const principal = call.params["principal"] ?? "";
  const entry = withEntries(cluster).get(principal);
  if (!entry)
    throw notFound(
      `The specified principalArn could not be found. You can view your available access entries with 'aws eks list-access-entries'. (${principal})`,
    );
  return entry;
}

function showEntry(eks: EksState, cluster: Cluster, entry: AccessEntry): unknown {
  return {
    clusterName: cluster.name,
    principalArn: entry.principalArn,
    kubernetesGroups: entry.groups,
    accessEntryArn: eks.arn(
      `access-entry/${cluster.name}/role/${eks.account}/${entry.principalArn.split("/").at(-1)}/00c0ffee`,
    ),
    createdAt: cluster.createdAt / 1000,
    modifiedAt: cluster.createdAt / 1000,
    tags: {},
    username: entry.username,
    type: entry.type,
  };
}

function showCluster(eks: EksState, cluster: Cluster): unknown {
  const reachable = !["CREATING", "PENDING"].includes(cluster.status);
  return {
    name: cluster.name,
    arn: eks.arn(`cluster/${cluster.name}`),
    createdAt: cluster.createdAt / 1000,
    version: cluster.version,
    ...(reachable
      ? {
          endpoint: cluster.endpoint,
          certificateAuthority: { data: Buffer.from(cluster.authority).toString("base64") },
          identity: { oidc: { issuer: cluster.issuer.url } },
        }
      : {}),
    roleArn: `arn:${eks.partition}:iam::${eks.account}:role/${cluster.name}-cluster`,
    resourcesVpcConfig: {
      subnetIds: cluster.subnetIds,
      securityGroupIds: [],
      clusterSecurityGroupId: "sg-0123456789abcdef0",
      vpcId: cluster.vpcId,
      endpointPublicAccess: cluster.publicAccess,
      endpointPrivateAccess: cluster.privateAccess,
      publicAccessCidrs: cluster.publicAccessCidrs,
    },
    kubernetesNetworkConfig: {
      serviceIpv4Cidr: "172.20.0.0/16",
      ipFamily: "ipv4",
      elasticLoadBalancing: { enabled: cluster.autoMode },
    },
    logging: { clusterLogging: [{ types: ["api", "audit"], enabled: true }] },
    status: cluster.status,
    platformVersion: "eks.12",
    tags: {},
    health: { issues: cluster.issues },
    accessConfig: { authenticationMode: cluster.authenticationMode },
    upgradePolicy: { supportType: "STANDARD" },
    computeConfig: cluster.autoMode ? { enabled: true, nodePools: ["general-purpose", "system"] } : undefined,
    deletionProtection: false,
  };
}

function showNodegroup(eks: EksState, cluster: Cluster, group: Nodegroup): unknown {
  return {
    nodegroupName: group.name,
    nodegroupArn: eks.arn(`nodegroup/${cluster.name}/${group.name}/00c0ffee`),
    clusterName: cluster.name,
    version: cluster.version,
    releaseVersion: `${cluster.version}.1-20261101`,
    createdAt: cluster.createdAt / 1000,
    modifiedAt: cluster.createdAt / 1000,
    status: group.status,
    capacityType: group.capacityType,
    scalingConfig: group.scaling,
    instanceTypes: group.instanceTypes,
    subnets: group.subnets,
    amiType: group.amiType,
    nodeRole: group.nodeRole,
    labels: group.labels,
    taints: group.taints,
    resources: { autoScalingGroups: [{ name: `eks-${group.name}` }] },
    health: { issues: group.issues },
    updateConfig: { maxUnavailable: 1 },
    tags: {},
  };
}
