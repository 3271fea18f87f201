import { type State, serving, short } from "./shapes.ts";

/** Pods that no node takes. */
export const scheduling: readonly State[] = [
  [
    "no node has enough free GPUs",
    { pods: [{ unscheduled: short }], surroundings: { gpus: 8, freeGpus: 2 } },
    "DEPLOY_GPU_SHORT",
  ],
  [
    "no node advertises GPUs",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 Insufficient nvidia.com/gpu." }], surroundings: { gpus: 0 } },
    "DEPLOY_GPU_ABSENT",
  ],
  [
    "the old pod holds the GPUs that the new one waits for",
    { pods: [{ unscheduled: short }, { old: true, main: serving }] },
    "DEPLOY_SURGE_DEADLOCK",
  ],
  [
    "the only nodes carry a taint",
    { pods: [{ unscheduled: "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: batch}." }] },
    "DEPLOY_TAINT",
  ],
  [
    "no node has the memory",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 Insufficient memory." }] },
    "DEPLOY_RESOURCES_SHORT",
  ],
  [
    "no node has the processors",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 Insufficient cpu." }] },
    "DEPLOY_RESOURCES_SHORT",
  ],
  [
    "a node selector fits no node",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector." }] },
    "DEPLOY_UNSCHEDULABLE",
  ],
  [
    "the cluster has no nodes",
    { pods: [{ unscheduled: "no nodes available to schedule pods" }] },
    "DEPLOY_UNSCHEDULABLE",
  ],
  [
    "the nodes with GPUs carry a taint, and the others have none",
    {
      pods: [
        {
          unscheduled:
            "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: batch}, 1 node(s) had untolerated taint {nvidia.com/gpu: true}, 1 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        },
      ],
      surroundings: { gpus: 8, freeGpus: 8 },
    },
    "DEPLOY_TAINT",
  ],
  [
    "taints are in the way that the scheduler does not name",
    { pods: [{ unscheduled: "0/1 nodes are available: 1 node(s) had untolerated taint(s). preemption: none" }] },
    "DEPLOY_TAINT",
  ],
  [
    "the only fitting node is not ready",
    {
      pods: [
        { unscheduled: "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }." },
      ],
    },
    "DEPLOY_NODE_LOST",
  ],
  [
    "the only fitting node is short of disk",
    {
      pods: [
        {
          unscheduled: "0/2 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.",
        },
      ],
    },
    "DEPLOY_NODE_LOST",
  ],
  [
    "a claim is not bound",
    { pods: [{ unscheduled: "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims." }] },
    "DEPLOY_VOLUME",
  ],
  [
    "a volume lies in another zone",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 node(s) had volume node affinity conflict." }] },
    "DEPLOY_VOLUME",
  ],
  [
    "a queue holds the pod back",
    {
      pods: [
        {
          unscheduled: "Scheduling is blocked due to non-empty scheduling gates",
          unscheduledFor: "SchedulingGated",
        },
      ],
    },
    "DEPLOY_UNSCHEDULABLE",
  ],
  [
    "pods are to be spread over more nodes than there are",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints." }] },
    "DEPLOY_UNSCHEDULABLE",
  ],
  [
    "all nodes are cordoned",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 node(s) were unschedulable." }] },
    "DEPLOY_UNSCHEDULABLE",
  ],
  [
    "no node has the disk",
    { pods: [{ unscheduled: "0/2 nodes are available: 2 Insufficient ephemeral-storage." }] },
    "DEPLOY_RESOURCES_SHORT",
  ],
  [
    "nodes are full of pods, and some are Fargate's",
    {
      pods: [
        {
          gpus: 0,
          unscheduled:
            "0/10 nodes are available: 2 Too many pods, 8 node(s) had untolerated taint {eks.amazonaws.com/compute-type: fargate}.",
        },
      ],
    },
    "DEPLOY_RESOURCES_SHORT",
  ],
  [
    "nodes are too small, and some are Fargate's",
    {
      pods: [
        {
          unscheduled:
            "0/29 nodes are available: 18 Insufficient cpu, 2 Too many pods, 21 Insufficient memory, 8 node(s) had untolerated taint {eks.amazonaws.com/compute-type: fargate}.",
        },
      ],
    },
    "DEPLOY_RESOURCES_SHORT",
  ],
];
