import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RealCluster, waitUntil } from "../control-plane/cluster.ts";
import { type Server, startServer } from "../processes.ts";
import { kubernetes } from "../software.ts";
import { outcomeOf } from "../tools/run.ts";
import type { Containerd } from "./containerd.ts";
import { nodeAddress } from "./machine.ts";

const name = "e2e-node";
const port = 10_250;
/** Where kubelets and device plugins meet, on every machine. */
const plugins = "/var/lib/kubelet/device-plugins";

/** A node of a cluster, with eight GPUs that are not there. */
export interface Node {
  readonly name: string;
  output(): string;
  /** Ends it; its pods must be gone by then. */
  stop(): Promise<void>;
}

/** Starts a kubelet on this machine and waits until its node is ready and offers GPUs. */
export async function startNode(cluster: RealCluster, runtime: Containerd, folder: string): Promise<Node> {
  const program = await kubernetes.get();
  const place = join(folder, "kubelet");
  for (const part of ["root", "certificates", "logs", "volumes"]) mkdirSync(join(place, part), { recursive: true });
  const file = (what: string, content: string) => {
    writeFileSync(join(place, what), content, { mode: 0o600 });
    return join(place, what);
  };
  const started: Server[] = [];
  const stop = async () => {
    for (const server of started.reverse()) await server.stop();
    await outcomeOf("umount", [join(place, "root")]);
  };
  try {
    started.push(
      await startServer(
        "kubelet",
        [
          program,
          ...["kubelet", "--config", file("config.json", JSON.stringify(configuration(runtime, place)))],
          ...["--kubeconfig", file("kubeconfig", cluster.kubeconfig("node")), "--hostname-override", name],
          ...["--node-ip", nodeAddress, "--root-dir", join(place, "root"), "--cert-dir", join(place, "certificates")],
          "--node-labels=node.kubernetes.io/instance-type=p5e.48xlarge,topology.kubernetes.io/zone=us-east-2a",
        ],
        { env: { PATH: runtime.path }, ready: () => isReady(cluster), patience: 60_000 },
      ),
    );
    started.push(
      await startServer("gpu-plugin", [program, "gpu-plugin"], {
        ready: async () => existsSync(join(plugins, "eks-deploy-gpu.sock")),
      }),
    );
    await waitUntil(
      "the node offers GPUs",
      async () => (await node(cluster))?.["status"].allocatable["nvidia.com/gpu"] === "8",
    );
  } catch (error) {
    const said = started[0]?.output().slice(-3_000) ?? "";
    await stop();
    throw new Error(`the node did not come up\n${said}`, { cause: error });
  }
  return { name, output: () => started[0]!.output(), stop };
}

async function node(cluster: RealCluster) {
  const { status, body } = await cluster.api.ask("GET", `/api/v1/nodes/${name}`);
  return status === 200 ? body : undefined;
}

async function isReady(cluster: RealCluster): Promise<boolean> {
  const found = await node(cluster);
  return (found?.["status"].conditions ?? []).some(
    ({ type, status }: { type: string; status: string }) => type === "Ready" && status === "True",
  );
}

function configuration(runtime: Containerd, place: string): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: nodeAddress,
    port,
    readOnlyPort: 0,
    healthzPort: 0,
    // The API server brings no certificate, and only this namespace can ask.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    cgroupDriver: "cgroupfs",
    cgroupRoot: "/",
    // Machines with version 1 of the control groups will do.
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${runtime.socket}`,
    podLogsDir: join(place, "logs"),
    volumePluginDir: join(place, "volumes"),
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    resolvConf: "",
    makeIPTablesUtilChains: false,
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    enforceNodeAllocatable: [],
    syncFrequency: "5s",
    nodeStatusUpdateFrequency: "3s",
  };
}
