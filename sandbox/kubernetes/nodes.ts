import type { Api, Writer } from "./api.ts";
import { kindOf } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import { asJson, timestamp } from "./objects.ts";
import type { Condition, Node } from "./types.ts";

/** A node as a test wants it. */
export interface NodeOptions {
  readonly name: string;
  /** Allocatable `nvidia.com/gpu`; 0 (the default): the node has none. */
  readonly gpus?: number;
  /** Memory of each GPU in MiB, for the label `nvidia.com/gpu.memory` (H200: 143771). */
  readonly gpuMemory?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly instanceType?: string;
  /** Quantity, `96`. */
  readonly cpu?: string;
  /** Quantity, `2000Gi`. */
  readonly memory?: string;
  readonly ready?: boolean;
  readonly unschedulable?: boolean;
}

/** A node for the cluster's own pods and one with eight H200, tainted as the guide's reference cluster has it. */
export const usualNodes: readonly NodeOptions[] = [
  { name: "ip-10-0-1-10.us-east-2.compute.internal", instanceType: "m7i.2xlarge", cpu: "8", memory: "32Gi" },
  {
    name: "ip-10-0-1-20.us-east-2.compute.internal",
    instanceType: "p5e.48xlarge",
    gpus: 8,
    gpuMemory: 143_771,
    cpu: "192",
    memory: "2000Gi",
    taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
  },
];

const writer: Writer = { user: "eks:node-manager", manager: "kubelet" };

/** Makes the cluster's nodes these: missing ones join, others change in place, those not named leave with their pods. */
export function setNodes(api: Api, nodes: readonly NodeOptions[], now: number): void {
  const kind = kindOf("nodes");
  for (const node of api.store.list<Node>("nodes")) {
    if (nodes.some(({ name }) => name === node.metadata.name)) continue;
    for (const pod of api.store.list("pods")) {
      if ((pod as KubeObject & { spec: { nodeName?: string } }).spec.nodeName === node.metadata.name)
        api.purge(kindOf("pods"), pod);
    }
    api.purge(kind, node);
  }
  nodes.forEach((options, index) => {
    const wanted = nodeObject(options, index, now);
    const known = api.store.get<Node>("nodes", undefined, options.name);
    if (!known) {
      api.create(kind, undefined, asJson(wanted), writer);
      return;
    }
    api.modify<Node>(
      "nodes",
      known,
      (draft) =>
        void Object.assign(draft, {
          spec: wanted.spec,
          metadata: { ...draft.metadata, labels: wanted.metadata.labels },
        }),
      writer,
    );
    api.modify<Node>(
      "nodes",
      known,
      (draft) => {
        draft.status = wanted.status;
      },
      {
        ...writer,
        subresource: "status",
      },
    );
  });
}

function nodeObject(options: NodeOptions, index: number, now: number): Node {
  const { name, gpus = 0, taints = [], instanceType = gpus > 0 ? "p5e.48xlarge" : "m7i.2xlarge" } = options;
  const zone = `us-east-2${"abc"[index % 3]}`;
  const resources = {
    cpu: options.cpu ?? (gpus > 0 ? "192" : "8"),
    memory: options.memory ?? (gpus > 0 ? "2000Gi" : "32Gi"),
    "ephemeral-storage": "900Gi",
    pods: "110",
    ...(gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {}),
  };
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": instanceType,
        "topology.kubernetes.io/region": "us-east-2",
        "topology.kubernetes.io/zone": zone,
        ...(gpus > 0 ? gpuLabels(gpus, options.gpuMemory) : {}),
        ...options.labels,
      },
    },
    spec: {
      providerID: `aws:///${zone}/i-0${(index + 1).toString(16).padStart(16, "a")}`,
      ...(taints.length > 0 ? { taints } : {}),
      ...(options.unschedulable ? { unschedulable: true } : {}),
    },
    status: {
      capacity: resources,
      allocatable: resources,
      conditions: conditionsOf(options.ready ?? true, now),
      addresses: [
        { type: "InternalIP", address: addressOf(name, index) },
        { type: "Hostname", address: name },
      ],
      nodeInfo: {
        machineID: "ec2a4c3cbb9b4ddf8d8e4f1d3c7b9a00",
        systemUUID: "ec2a4c3c-bb9b-4ddf-8d8e-4f1d3c7b9a00",
        bootID: "7d0d5c3e-9b63-4c0e-8d6a-6a4b0d5d9c11",
        kernelVersion: "6.12.40-64.114.amzn2023.x86_64",
        osImage: "Amazon Linux 2023.9.20251014",
        containerRuntimeVersion: "containerd://2.1.4",
        kubeletVersion: "v1.34.2-eks-b3126f4",
        kubeProxyVersion: "",
        operatingSystem: "linux",
        architecture: "amd64",
      },
    },
  };
  return node as unknown as Node;
}

/** What GPU feature discovery writes on a node. */
function gpuLabels(gpus: number, memory = 143_771): Record<string, string> {
  return {
    "nvidia.com/gpu.present": "true",
    "nvidia.com/gpu.count": String(gpus),
    "nvidia.com/gpu.product": memory > 100_000 ? "NVIDIA-H200" : "NVIDIA-H100-80GB-HBM3",
    "nvidia.com/gpu.memory": String(memory),
  };
}

/** EC2's names hold the address. */
function addressOf(name: string, index: number): string {
  const [, a, b, c, d] = /^ip-(\d+)-(\d+)-(\d+)-(\d+)\./.exec(name) ?? [];
  return a && b && c && d ? `${a}.${b}.${c}.${d}` : `10.0.1.${10 + index}`;
}

function conditionsOf(ready: boolean, now: number): Condition[] {
  const time = timestamp(now);
  const one = (type: string, status: Condition["status"], reason: string, message: string): Condition => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: time,
  });
  return [
    one("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    one("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    one("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ready
      ? one("Ready", "True", "KubeletReady", "kubelet is posting ready status")
      : one("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
  ];
}
