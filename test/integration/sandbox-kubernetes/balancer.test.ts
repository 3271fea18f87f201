import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ElbState } from "../../../sandbox/aws/elb.ts";
import { elbGroups } from "../../../sandbox/balancer/elb-groups.ts";
import type { JsonMap } from "../../../sandbox/kubernetes/objects.ts";
import type { Ingress } from "../../../sandbox/kubernetes/types.ts";
import {
  create,
  eventsOf,
  eventually,
  isAvailable,
  modelDeployment,
  namespace,
  namespaceObject,
  podOf,
  startCluster,
  type TestCluster,
} from "./support.ts";

const elb = () => new ElbState("210987654321", "us-east-2", "aws");
let cluster: TestCluster;
let state: ElbState;
let objection: string | undefined;

beforeEach(async () => {
  state = elb();
  objection = undefined;
  cluster = await startCluster({ balancers: elbGroups(state, "poolside", () => objection) });
  create(cluster, namespaceObject());
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

const prefix = "alb.ingress.kubernetes.io/";

function ingress(key: string, annotations: Readonly<Record<string, string>> = {}): JsonMap {
  const all: Record<string, string> = {
    "group.name": "poolside",
    "certificate-arn": "arn:c",
    "listen-ports": '[{"HTTPS":443}]',
    ...annotations,
  };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: `inference-${key}`,
      namespace,
      annotations: Object.fromEntries(Object.entries(all).map(([name, value]) => [prefix + name, value])),
    },
    spec: {
      ingressClassName: "alb",
      rules: [
        {
          host: `${key}.example.com`,
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: `inference-${key}`, port: { name: "http" } } },
              },
            ],
          },
        },
      ],
    },
  };
}

function service(key: string): JsonMap {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `inference-${key}`, namespace },
    spec: { selector: { app: key }, ports: [{ name: "http", port: 8000, targetPort: "http" }] },
  };
}

const addressOf = (key: string) =>
  cluster.store.get<Ingress>("ingresses", namespace, `inference-${key}`)?.status?.loadBalancer?.ingress?.[0]?.hostname;

describe("the load balancer controller", () => {
  it("makes one load balancer per group, and routes each host to its ready pods", async () => {
    create(cluster, modelDeployment(), service("point"), ingress("point"), ingress("laguna"));
    await eventually(cluster, () => isAvailable(cluster));
    await eventually(cluster, () => addressOf("point") && addressOf("laguna"));
    expect(addressOf("point")).toBe(addressOf("laguna"));
    const [balancer, ...others] = [...state.loadBalancers.values()];
    expect(others).toEqual([]);
    expect(balancer).toMatchObject({ dnsName: addressOf("point"), scheme: "internal" });
    await expect
      .poll(() => cluster.route("point.example.com", "/v1/models"))
      .toMatchObject({
        kind: "target",
        target: { address: podOf(cluster)?.status.podIP, port: 8000, podUid: podOf(cluster)?.metadata.uid },
      });
    expect(cluster.route("laguna.example.com", "/")).toEqual({ kind: "no target" });
    expect(cluster.route("other.example.com", "/")).toEqual({ kind: "unknown host" });
    expect(balancer?.state).toBe("active");
    expect(
      balancer?.targetGroups.map(({ tags, targets }) => [
        tags["ingress.k8s.aws/resource"],
        targets.map(({ state: now }) => now),
      ]),
    ).toEqual([
      ["poolside-models/inference-laguna-inference-laguna:http", []],
      ["poolside-models/inference-point-inference-point:http", ["healthy"]],
    ]);
  });

  it("shows its endpoints on the command line", async () => {
    create(cluster, modelDeployment(), service("point"), ingress("point"));
    await eventually(cluster, () => isAvailable(cluster));
    const ip = podOf(cluster)?.status.podIP;
    expect((await cluster.kubectl("get", "endpoints")).stdout).toMatch(new RegExp(`inference-point +${ip}:8000 `));
    expect((await cluster.kubectl("get", "endpointslices")).stdout).toMatch(new RegExp(`IPv4 +8000 +${ip} `));
    expect((await cluster.kubectl("get", "ingressclass")).stdout).toMatch(
      /alb +ingress\.k8s\.aws\/alb +IngressClassParams\.elbv2\.k8s\.aws\/alb/,
    );
    expect((await cluster.kubectl("get", "nodes", "-o", "wide")).stdout).toMatch(/Ready .* 10\.0\.1\.20 /);
  });

  it.each([
    [
      "a redirect to a port without a listener",
      { "ssl-redirect": "8443" },
      "listener does not exist for SSLRedirect port: 8443",
    ],
    ["listen-ports that are no list", { "listen-ports": "443" }, "empty listen-ports configuration: `443`"],
    [
      "another scheme than the group's",
      { scheme: "internet-facing" },
      "conflicting scheme: [internal internet-facing]",
    ],
    [
      "a port with two protocols",
      { "listen-ports": '[{"HTTP":443}]' },
      "conflicting protocol, port: 443, protocols: [HTTPS HTTP]",
    ],
  ])("lets one Ingress with %s stop the whole group", async (_, annotations, message) => {
    create(cluster, ingress("laguna"));
    await eventually(cluster, () => addressOf("laguna"));
    create(cluster, ingress("point", annotations));
    await eventually(cluster, () => eventsOf(cluster, "FailedBuildModel").length === 2);
    expect(eventsOf(cluster, "FailedBuildModel")[0]).toBe(`Failed build model due to ${message}`);
    expect(addressOf("point")).toBeUndefined();
  });

  it("tells what AWS refuses, and goes on when AWS agrees", async () => {
    objection =
      "operation error Elastic Load Balancing v2: CreateListener, CertificateNotFound: Certificate 'arn:c' not found";
    create(cluster, ingress("point"));
    await eventually(cluster, () => eventsOf(cluster, "FailedDeployModel").length > 0);
    expect(eventsOf(cluster, "FailedDeployModel")).toEqual([`Failed deploy model due to ${objection}`]);
    objection = undefined;
    await eventually(cluster, () => addressOf("point"));
    expect(eventsOf(cluster, "SuccessfullyReconciled")).toHaveLength(1);
  });

  it("leaves Ingresses of other classes alone", async () => {
    const other = ingress("point");
    (other["spec"] as JsonMap)["ingressClassName"] = "nginx";
    create(cluster, other, ingress("laguna"));
    await eventually(cluster, () => addressOf("laguna"));
    expect(addressOf("point")).toBeUndefined();
  });

  it("removes the load balancer with the group's last Ingress", async () => {
    create(cluster, ingress("point"));
    await eventually(cluster, () => addressOf("point"));
    await cluster.kubectl("delete", "ingress", "inference-point", "--timeout=20s");
    expect(cluster.store.get("ingresses", namespace, "inference-point")).toBeUndefined();
    expect(state.loadBalancers.size).toBe(0);
  });

  it("does nothing while none of its pods is ready: an Ingress that is deleted stays", async () => {
    create(cluster, ingress("point"));
    await eventually(cluster, () => addressOf("point"));
    await cluster.kubectl("scale", "deploy/aws-load-balancer-controller", "-n", "kube-system", "--replicas=0");
    await eventually(cluster, () => cluster.store.list("pods", "kube-system").length === 0);
    const ran = await cluster.kubectl("delete", "ingress", "inference-point", "--timeout=1s");
    expect(ran.stderr).toContain("timed out");
    expect(cluster.store.get("ingresses", namespace, "inference-point")?.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      finalizers: ["group.ingress.k8s.aws/poolside"],
    });
  });
});
