import { type State, serving } from "./shapes.ts";

/** What nodes cannot give, and nodes that are lost. */
export const nodes: readonly State[] = [
  [
    "the node evicted the pod",
    { pods: [{ phase: "Failed", reason: "Evicted", message: "The node was low on resource: ephemeral-storage." }] },
    "DEPLOY_EVICTED",
  ],
  [
    "the device plugin refuses",
    {
      pods: [
        {
          phase: "Failed",
          reason: "UnexpectedAdmissionError",
          message: "Allocate failed due to no healthy devices present",
        },
      ],
    },
    "DEPLOY_NODE_LOST",
  ],
  [
    "the node has no free address",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "PodInitializing" } } },
          events: [
            {
              reason: "FailedCreatePodSandBox",
              message: "plugin type=aws-cni failed: failed to assign an IP address to container",
            },
          ],
        },
      ],
    },
    "DEPLOY_SANDBOX",
  ],
  [
    "a volume cannot be mounted",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "PodInitializing" } } },
          events: [{ reason: "FailedMount", message: "MountVolume.SetUp failed" }],
        },
      ],
    },
    "DEPLOY_VOLUME",
  ],
  [
    "the NVIDIA runtime does not start the container",
    {
      pods: [
        {
          main: {
            restartCount: 3,
            state: {
              waiting: {
                reason: "RunContainerError",
                message:
                  "failed to create containerd task: nvidia-container-cli: initialization error: load library failed: libnvidia-ml.so.1",
              },
            },
          },
        },
      ],
    },
    "DEPLOY_GPU_DRIVER",
  ],
  [
    "the node has no NVIDIA runtime",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "PodInitializing" } } },
          events: [{ reason: "FailedCreatePodSandBox", message: 'no runtime for "nvidia" is configured' }],
        },
      ],
    },
    "DEPLOY_GPU_DRIVER",
  ],
  [
    "the pod's node is not ready any more",
    {
      pods: [
        { main: { ...serving, ready: false }, events: [{ reason: "NodeNotReady", message: "Node is not ready" }] },
      ],
      ingress: { address: "x" },
    },
    "DEPLOY_NODE_LOST",
  ],
];
