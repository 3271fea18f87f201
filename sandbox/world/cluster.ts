import { createHash } from "node:crypto";
import type { Cluster } from "../aws/eks/state.ts";
import type { Routed } from "../balancer/balancer.ts";
import { elbGroups } from "../balancer/elb-groups.ts";
import { clusterRoutes } from "../balancer/routes.ts";
import { Issuer } from "../github/jwt.ts";
import { type Kubernetes, startKubernetes } from "../kubernetes/cluster.ts";
import type { ModelServers } from "../models/servers.ts";
import type { Ground } from "../service.ts";
import type { Authority } from "../tls.ts";
import type { AwsStates } from "./aws.ts";
import { ClusterAccess } from "./cluster-access.ts";
import { downloads } from "./downloads.ts";
import {
  balancerObjection,
  imagesFor,
  layNodegroups,
  layNodeRole,
  nodesOf,
  type Prerequisite,
  scaleBalancerController,
} from "./prerequisites.ts";
import { layProvider } from "./trust.ts";

/** What the clusters of a world share. */
export interface ClusterSurroundings {
  readonly ground: Ground;
  readonly authority: Authority;
  readonly states: AwsStates;
  readonly models: ModelServers;
  /** Issuers whose keys STS can fetch; a new cluster's is added. */
  readonly issuers: Issuer[];
  readonly clocks: () => readonly number[];
  readonly has: (prerequisite: Prerequisite) => boolean;
}

/** A cluster of the world: as EKS describes it, and its Kubernetes. */
export interface WorldCluster {
  readonly cluster: Cluster;
  readonly kubernetes: Kubernetes;
  readonly access: ClusterAccess;
  /** Makes a principal the cluster's administrator by an access entry. */
  admit(principalArn: string): void;
  /** Where its load balancers send a request. */
  route(host: string, path: string): Routed;
}

const agent = "eks-pod-identity-agent";

/** Starts a cluster with OIDC provider, node groups and the Pod Identity agent. */
export async function startCluster(around: ClusterSurroundings, name: string): Promise<WorldCluster> {
  const { ground, states, models, issuers, has } = around;
  const { account, region } = states.eks;
  const id = createHash("sha256").update(`${account}/${name}`).digest("hex").slice(0, 32).toUpperCase();
  const issuer = new Issuer(`https://oidc.eks.${region}.amazonaws.com/id/${id}`);
  issuers.push(issuer);
  if (has("oidc-provider")) layProvider(states.iam, issuer.url);
  let cluster: Cluster;
  const access = new ClusterAccess(states.principals, () => cluster, region, around.clocks);
  const kubernetes = await startKubernetes({
    ground,
    authority: around.authority,
    authenticate: access.authenticate,
    nodes: nodesOf(has("gpu-nodes")),
    balancers: elbGroups(states.elb, name, balancerObjection(states)),
    services: {
      resolveImage: imagesFor(states, has("node-pull-policy")),
      download: downloads({
        ...states,
        issuers: (url) => issuers.find((each) => each.url === url),
        now: ground.now,
        cluster: () => cluster,
        associationDelay: () => states.eks.associationDelay,
      }),
      startServer: models.start,
    },
  });
  const subnetIds = [...states.ec2.subnets.keys()];
  cluster = states.eks.addCluster(
    { name, endpoint: kubernetes.url, authority: kubernetes.authority, issuer, subnetIds },
    ground.now(),
  );
  layNodeRole(states, name, has("node-pull-policy"));
  layNodegroups(cluster, account, subnetIds, has("gpu-nodes"));
  cluster.addons.set(agent, { name: agent, status: "ACTIVE", version: "v1.3.9-eksbuild.3", issues: [] });
  if (!has("load-balancer-controller")) scaleBalancerController(kubernetes, 0);
  return {
    cluster,
    kubernetes,
    access,
    admit: (principalArn) =>
      void cluster.accessEntries.set(principalArn, {
        principalArn,
        username: principalArn,
        groups: [],
        type: "STANDARD",
        policies: [{ name: "AmazonEKSClusterAdminPolicy" }],
      }),
    route: clusterRoutes(kubernetes, models),
  };
}
