/** Nodes as EKS makes them: one for what needs no GPU, and one with eight, which only pods that tolerate it may use. */
export const simulatedNodes: readonly object[] = [
  node("ip-10-0-1-10.us-east-2.compute.internal", "m7i.2xlarge", { cpu: "8", memory: "32Gi" }),
  node(
    "ip-10-0-1-20.us-east-2.compute.internal",
    "p5e.48xlarge",
    { cpu: "192", memory: "2000Gi", "nvidia.com/gpu": "8" },
    [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
  ),
];

function node(name: string, type: string, resources: Readonly<Record<string, string>>, taints: readonly object[] = []) {
  const capacity = { "ephemeral-storage": "900Gi", pods: "110", ...resources };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      // kwok simulates nodes with this annotation, and no others.
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/os": "linux",
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": type,
        "topology.kubernetes.io/region": "us-east-2",
        "topology.kubernetes.io/zone": "us-east-2a",
        "eks.amazonaws.com/nodegroup": type.split(".")[0],
      },
    },
    spec: { providerID: `aws:///us-east-2a/i-0${Buffer.from(name).toString("hex").slice(-16)}`, taints },
    status: {
      capacity,
      allocatable: capacity,
      nodeInfo: {
        architecture: "amd64",
        operatingSystem: "linux",
        osImage: "Amazon Linux 2023",
        kernelVersion: "6.12.40",
        containerRuntimeVersion: "containerd://2.1.4",
        kubeletVersion: "v1.36.3-eks-e2e",
        kubeProxyVersion: "",
        bootID: "",
        machineID: "",
        systemUUID: "",
      },
    },
  };
}

/** What kwok does to nodes: they are ready at once and keep saying so. */
export const nodeStages: readonly object[] = [
  nodeStage("node-joins", "NotIn", 0, "phase: Running\n"),
  nodeStage("node-stays", "In", 30_000, ""),
];

function nodeStage(name: string, operator: "In" | "NotIn", delay: number, more: string): object {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind: "Node" },
      selector: {
        matchExpressions: [
          { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator, values: ["True"] },
        ],
      },
      delay: { durationMilliseconds: delay },
      next: {
        statusTemplate: [
          "{{ $now := Now }}\n",
          "conditions:\n{{ range NodeConditions }}\n",
          "- { lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}, type: {{ .type | Quote }}, ",
          "status: {{ .status | Quote }}, reason: {{ .reason | Quote }}, message: {{ .message | Quote }} }\n{{ end }}\n",
          "addresses:\n- { type: InternalIP, address: {{ NodeIP | Quote }} }\n- { type: Hostname, address: {{ NodeName | Quote }} }\n",
          "{{ with NodePort }}\ndaemonEndpoints:\n  kubeletEndpoint:\n    Port: {{ . }}\n{{ end }}\n",
          more,
        ].join(""),
      },
    },
  };
}
