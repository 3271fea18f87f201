import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DownloadRequest } from "../../../sandbox/kubernetes/controllers/downloader.ts";
import type { Trouble } from "../../../sandbox/kubernetes/controllers/troubles.ts";
import {
  create,
  deploymentOf,
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

let cluster: TestCluster;
const asked: DownloadRequest[] = [];
let bucket: readonly string[] | string = ["config.json", "model.safetensors"];
let sick = false;
let registry: Readonly<Record<string, string>> | undefined;

beforeEach(async () => {
  asked.length = 0;
  bucket = ["config.json", "model.safetensors"];
  registry = undefined;
  sick = false;
  cluster = await startCluster({
    services: {
      resolveImage: (image) => {
        const refused = registry?.[image];
        return refused === undefined ? { digest: `sha256:${"ab".repeat(32)}` } : { refused };
      },
      startServer: () => {
        let answers = false;
        return {
          loads: true,
          loaded: () => {
            answers = true;
          },
          healthy: () => answers && !sick,
          stop: () => {
            answers = false;
          },
        };
      },
      download: (request) => {
        asked.push(request);
        if (typeof bucket === "string") return { kind: "refused", message: bucket };
        return { kind: "objects", objects: bucket.map((name) => ({ key: `checkpoints/point/${name}`, size: 1000 })) };
      },
    },
  });
  create(cluster, namespaceObject());
});
afterEach(async () => {
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

const suffer = (trouble: Trouble, times?: number) => cluster.troubles.add(trouble, /inference-point/, times);
const main = () => podOf(cluster)?.status.containerStatuses?.[0];
const init = () => podOf(cluster)?.status.initContainerStatuses?.[0];
const logs = async (...args: readonly string[]) =>
  (await cluster.kubectl("logs", "deploy/inference-point", ...args)).stdout;

describe("an image", () => {
  it("that the registry does not have leaves the pod in ImagePullBackOff", async () => {
    registry = { "registry.test/atlas:1": "rpc error: code = NotFound desc = not found" };
    create(cluster, modelDeployment());
    await eventually(cluster, () => init()?.state.waiting?.reason === "ErrImagePull");
    const waiting = await eventually(
      cluster,
      () => init()?.state.waiting?.reason === "ImagePullBackOff" && init()?.state.waiting,
    );
    expect(waiting.message).toBe(
      'Back-off pulling image "registry.test/atlas:1": ErrImagePull: rpc error: code = NotFound desc = not found',
    );
    expect(eventsOf(cluster, "Failed")).toContain(
      'Failed to pull image "registry.test/atlas:1": rpc error: code = NotFound desc = not found',
    );
    const refused = await cluster.kubectl("logs", "deploy/inference-point", "-c", "model-downloader");
    expect(refused.stderr).toContain("is waiting to start: trying and failing to pull image");
  });

  it("is pulled once the registry has it, without a new pod", async () => {
    suffer({ kind: "pull" }, 2);
    create(cluster, modelDeployment());
    await eventually(cluster, () => init()?.state.waiting?.reason === "ImagePullBackOff");
    const { uid } = podOf(cluster)!.metadata;
    await eventually(cluster, () => isAvailable(cluster));
    expect(podOf(cluster)?.metadata.uid).toBe(uid);
  });

  it("is pulled once per node, and known by its digest", async () => {
    create(cluster, modelDeployment({ spec: { replicas: 2 } }));
    await eventually(cluster, () => isAvailable(cluster));
    expect(main()?.imageID).toBe(`registry.test/atlas@sha256:${"ab".repeat(32)}`);
    expect(eventsOf(cluster, "Pulled")).toContain('Container image "registry.test/atlas:1" already present on machine');
  });
});

describe("the init container", () => {
  it("asks for the checkpoint with the role of its service account", async () => {
    create(cluster, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: {
        name: "inference",
        namespace,
        annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x" },
      },
    });
    create(cluster, modelDeployment({ pod: { serviceAccountName: "inference" } }));
    await eventually(cluster, () => isAvailable(cluster));
    expect(asked).toEqual([
      {
        prefix: "s3://bucket/checkpoints/point",
        namespace,
        pod: podOf(cluster)?.metadata.name,
        serviceAccount: "inference",
        roleArn: "arn:aws:iam::1:role/x",
      },
    ]);
  });

  it.each([
    ["holds the archive instead of its content", ["point_2611.tar"], "no checkpoint files synced"],
    ["holds it one folder too deep", ["point/model.safetensors", "point/config.json"], "no checkpoint files synced"],
    ["is empty", [], "0 objects below s3://bucket/checkpoints/point"],
    ["may not be read", "AccessDenied: not authorized to perform: s3:ListBucket", "AccessDenied: not authorized"],
  ] as const)("crashes again and again when the prefix %s, with the reason in its log", async (_, content, line) => {
    bucket = content;
    create(cluster, modelDeployment());
    await eventually(
      cluster,
      () => (init()?.restartCount ?? 0) >= 2 && init()?.state.waiting?.reason === "CrashLoopBackOff",
    );
    expect(init()?.lastState.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
    expect(podOf(cluster)?.status.phase).toBe("Pending");
    expect(await logs("-c", "model-downloader", "--previous")).toContain(line);
    expect(eventsOf(cluster, "BackOff")[0]).toMatch(/^Back-off restarting failed container model-downloader in pod/);
  });

  it("goes on when the prefix has been mended", async () => {
    bucket = [];
    create(cluster, modelDeployment());
    await eventually(cluster, () => init()?.state.waiting?.reason === "CrashLoopBackOff");
    bucket = ["model.safetensors"];
    await eventually(cluster, () => isAvailable(cluster));
  });

  it("stalls where a test wants it, and the progress deadline passes meanwhile", async () => {
    suffer({ kind: "download-stalls", at: 0.5 });
    create(cluster, modelDeployment());
    await eventually(cluster, () =>
      deploymentOf(cluster)?.status?.conditions?.some(({ reason }) => reason === "ProgressDeadlineExceeded"),
    );
    const text = await logs("-c", "model-downloader");
    expect(text).toContain(" 50% ");
    expect(text).not.toContain(" 60% ");
  });
});

describe("a followed log", () => {
  it("shows what comes, and ends with its container", async () => {
    create(cluster, modelDeployment());
    await eventually(cluster, () => init()?.state.running);
    const text = await logs("-c", "model-downloader", "-f");
    expect(text).toContain(" 10% ");
    expect(text).toMatch(/2 files synced\n$/);
    expect(init()?.state.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
  });

  it("shows the kubelet's times when it is asked to, and only the last lines", async () => {
    create(cluster, modelDeployment());
    await eventually(cluster, () => isAvailable(cluster));
    const text = await logs("-c", "model-downloader", "--timestamps", "--tail=1");
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO model-downloader: 2 files synced\n$/);
  });
});

describe("the model server", () => {
  it("waits for a Secret that it refers to, then starts", async () => {
    const env = [{ name: "VLLM_API_KEY", valueFrom: { secretKeyRef: { name: "vllm-auth", key: "VLLM_API_KEY" } } }];
    create(cluster, modelDeployment({ container: { env } }));
    const waiting = await eventually(
      cluster,
      () => main()?.state.waiting?.reason === "CreateContainerConfigError" && main()?.state.waiting,
    );
    expect(waiting.message).toBe('secret "vllm-auth" not found');
    create(cluster, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "vllm-auth", namespace },
      data: { VLLM_API_KEY: Buffer.from("k").toString("base64") },
    });
    await eventually(cluster, () => isAvailable(cluster));
  });

  it("is killed for its memory while it loads, again and again", async () => {
    suffer({ kind: "oom" });
    create(cluster, modelDeployment());
    await eventually(cluster, () => main()?.state.waiting?.reason === "CrashLoopBackOff");
    expect(main()?.lastState.terminated).toMatchObject({ exitCode: 137, reason: "OOMKilled" });
  });

  it("crashes with its last words in the previous log, and recovers", async () => {
    suffer({ kind: "crash", lines: ["torch.OutOfMemoryError: CUDA out of memory."] }, 1);
    create(cluster, modelDeployment());
    // The first restart comes at once.
    await eventually(cluster, () => main()?.restartCount === 1);
    expect(await logs("-c", "inference", "--previous")).toContain("CUDA out of memory");
    await eventually(cluster, () => isAvailable(cluster));
    expect(main()?.restartCount).toBe(1);
  });

  it("is restarted when its startup probe never succeeds", async () => {
    suffer({ kind: "load-stalls" });
    const startupProbe = { httpGet: { path: "/health", port: "http" }, periodSeconds: 10, failureThreshold: 5 };
    create(cluster, modelDeployment({ container: { startupProbe } }));
    await eventually(cluster, () => main()?.restartCount === 1);
    expect(eventsOf(cluster, "Killing")).toContain("Container inference failed startup probe, will be restarted");
    expect(eventsOf(cluster, "Unhealthy")[0]).toMatch(/^Startup probe failed: Get "http:.*connection refused$/);
  });

  it("is restarted when its liveness probe fails three times", async () => {
    const livenessProbe = { httpGet: { path: "/health", port: "http" }, periodSeconds: 10 };
    create(cluster, modelDeployment({ container: { livenessProbe } }));
    await eventually(cluster, () => isAvailable(cluster));
    sick = true;
    await eventually(cluster, () => main()?.restartCount === 1);
    expect(eventsOf(cluster, "Unhealthy")).toContain("Liveness probe failed: HTTP probe failed with statuscode: 503");
    expect(eventsOf(cluster, "Killing")).toContain("Container inference failed liveness probe, will be restarted");
    sick = false;
    await eventually(cluster, () => isAvailable(cluster));
  });

  it("runs unready while its readiness probe fails", async () => {
    const end = suffer({ kind: "never-ready" });
    create(cluster, modelDeployment());
    await eventually(cluster, () => eventsOf(cluster, "Unhealthy").length > 0);
    expect(main()).toMatchObject({ ready: false, state: { running: {} } });
    expect(podOf(cluster)?.status.conditions).toContainEqual(
      expect.objectContaining({
        type: "Ready",
        status: "False",
        message: "containers with unready status: [inference]",
      }),
    );
    end();
    await eventually(cluster, () => isAvailable(cluster));
  });
});
