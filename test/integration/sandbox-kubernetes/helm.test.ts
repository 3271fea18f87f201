import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pod } from "../../../sandbox/kubernetes/types.ts";
import { eventually, namespace, sampleChart, startCluster, type TestCluster } from "./support.ts";

const certificate = "arn:aws:acm:us-east-2:210987654321:certificate/1";

function values(cluster: TestCluster, tag: string): string {
  const file = join(cluster.folder, `values-${tag}.json`);
  const text = JSON.stringify({
    fullnameOverride: "inference",
    image: { registry: "210987654321.dkr.ecr.us-east-2.amazonaws.com", tag },
    serviceAccount: {
      annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::210987654321:role/inference-pod-role" },
    },
    ingress: {
      enabled: true,
      className: "alb",
      annotations: {
        "alb.ingress.kubernetes.io/group.name": "poolside",
        "alb.ingress.kubernetes.io/certificate-arn": certificate,
        "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS":443}]',
      },
    },
    models: {
      point: {
        model: "s3://bucket/checkpoints/point",
        modelName: "Point",
        modelType: "completion",
        gpus: 1,
        ingressHost: "point.example.com",
      },
      "laguna-m": {
        model: "s3://bucket/checkpoints/laguna-m",
        modelName: "Laguna",
        modelType: "agent",
        gpus: 2,
        ingressHost: "laguna.example.com",
      },
    },
  });
  writeFileSync(file, text);
  return file;
}

describe.each([3, 4] as const)("a release by helm %i", (major) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster.close();
    expect(cluster.defects).toEqual([]);
  });

  const images = () =>
    cluster.store.list<Pod>("pods", namespace).map((pod) => pod.spec.containers[0]?.image.split(":").at(-1));
  const helm = async (...args: readonly string[]) => {
    const ran = await cluster.helm(major, ...args);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    return ran.stdout;
  };

  it("installs the chart and waits until every model is ready", async () => {
    await helm(
      "install",
      "inference",
      sampleChart,
      "-f",
      values(cluster, "1"),
      "--create-namespace",
      "--wait",
      "--timeout=40s",
    );
    expect(cluster.store.list<Pod>("pods", namespace).map(({ status }) => status.phase)).toEqual([
      "Running",
      "Running",
    ]);
  });

  it("gives each Ingress the address of its group's load balancer", async () => {
    const { stdout } = await cluster.kubectl(
      "get",
      "ingress",
      "-o",
      "jsonpath={.items[*].status.loadBalancer.ingress[0].hostname}",
    );
    const [first, second, ...rest] = stdout.split(" ");
    expect(first).toMatch(/^internal-k8s-poolside-\w+\.us-east-2\.elb\.amazonaws\.com$/);
    expect([second, ...rest]).toEqual([first]);
  });

  it("shows the downloader's progress and the server's start in the logs", async () => {
    const init = await cluster.kubectl("logs", "deploy/inference-point", "-c", "model-downloader");
    expect(init.stdout).toContain("syncing s3://bucket/checkpoints/point to /models");
    expect(init.stdout).toContain("3 files synced");
    const main = await cluster.kubectl("logs", "deploy/inference-point", "-c", "inference", "--tail=1");
    expect(main.stdout).toContain("Application startup complete");
  });

  it("describes pods with the role that the pod identity webhook wrote into them", async () => {
    const { stdout } = await cluster.kubectl("describe", "pods", "-l", "app.kubernetes.io/component=point");
    expect(stdout).toMatch(/AWS_ROLE_ARN:\s+arn:aws:iam::210987654321:role\/inference-pod-role/);
    expect(stdout).toMatch(/Scheduled .* Successfully assigned poolside-models\/inference-point-/);
    expect(stdout).toMatch(/Image ID:\s+210987654321\.dkr\.ecr\.us-east-2\.amazonaws\.com\/atlas@sha256:[0-9a-f]{64}/);
  });

  it("upgrades by a rolling update, and the old pods go when the new ones are ready", async () => {
    await helm("upgrade", "inference", sampleChart, "-f", values(cluster, "2"), "--wait", "--timeout=40s");
    await eventually(cluster, () => images().join() === "2,2");
    const rollout = await cluster.kubectl("rollout", "status", "deploy/inference-point", "--timeout=20s");
    expect(rollout.stdout).toContain("successfully rolled out");
  });

  it("changes nothing when the same release is upgraded again", async () => {
    const before = cluster.store.list("pods", namespace).map(({ metadata }) => metadata.uid);
    await helm("upgrade", "inference", sampleChart, "-f", values(cluster, "2"));
    const deployments = await cluster.kubectl("get", "deploy", "-o", "jsonpath={.items[*].metadata.generation}");
    expect(deployments.stdout).toBe("2 2");
    expect(cluster.store.list("pods", namespace).map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  it("rolls back to the first revision with the first ReplicaSets", async () => {
    const sets = cluster.store.list("replicasets", namespace).length;
    await helm("rollback", "inference", "1", "--wait", "--timeout=40s");
    await eventually(cluster, () => images().join() === "1,1");
    expect(cluster.store.list("replicasets", namespace)).toHaveLength(sets);
  });

  it("keeps the history of the release", async () => {
    const history = JSON.parse(await helm("history", "inference", "-o", "json")) as {
      revision: number;
      status: string;
    }[];
    expect(history.map(({ revision, status }) => `${revision} ${status}`)).toEqual([
      "1 superseded",
      "2 superseded",
      "3 superseded",
      "4 deployed",
    ]);
    expect(await helm("get", "values", "inference", "--revision", "2")).toContain('tag: "2"');
    expect(await helm("get", "manifest", "inference")).toContain("kind: Ingress");
  });

  it("uninstalls everything, the load balancer too", async () => {
    await helm("uninstall", "inference", "--wait", "--timeout=40s");
    await eventually(cluster, () => cluster.store.list("pods", namespace).length === 0);
    for (const kind of ["deployments", "replicasets", "services", "endpointslices", "ingresses"])
      expect(cluster.store.list(kind, namespace), kind).toEqual([]);
    expect(cluster.route("point.example.com", "/")).toEqual({ kind: "unknown host" });
  });
});

describe("helm and a cluster that refuses", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(async () => {
    await cluster.close();
    expect(cluster.defects).toEqual([]);
  });

  it("fails in the guide's words while the load balancer controller has no ready pods", async () => {
    await cluster.kubectl("scale", "deploy/aws-load-balancer-controller", "-n", "kube-system", "--replicas=0");
    await eventually(cluster, () => cluster.store.list("pods", "kube-system").length === 0);
    const ran = await cluster.helm(
      4,
      "install",
      "inference",
      sampleChart,
      "-f",
      values(cluster, "1"),
      "--create-namespace",
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('no endpoints available for service "aws-load-balancer-webhook-service"');
    expect(await cluster.helm(4, "status", "inference").then(({ stdout }) => stdout)).toContain("STATUS: failed");
  });

  it("installs once the controller has pods again", async () => {
    await cluster.kubectl("scale", "deploy/aws-load-balancer-controller", "-n", "kube-system", "--replicas=1");
    await cluster.kubectl(
      "rollout",
      "status",
      "deploy/aws-load-balancer-controller",
      "-n",
      "kube-system",
      "--timeout=20s",
    );
    await cluster.helm(4, "uninstall", "inference");
    const ran = await cluster.helm(
      4,
      "install",
      "inference",
      sampleChart,
      "-f",
      values(cluster, "1"),
      "--wait",
      "--timeout=40s",
    );
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
  });

  it("says that the caller must log in when the token is unknown", async () => {
    const ran = await cluster.helm(3, "list", "--kube-token", "nobody");
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("the server has asked for the client to provide credentials");
  });

  it("names what a caller without rights may not do", async () => {
    const ran = await cluster.kubectl("get", "secrets", "--token", "stranger");
    expect(ran.stderr).toContain(
      'secrets is forbidden: User "stranger" cannot list resource "secrets" in API group "" in the namespace "poolside-models"',
    );
  });
});
