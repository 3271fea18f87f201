import type { SnapshotLike } from "../snapshots.ts";
import { serving } from "./shapes.ts";

/** Slow, and well. */
export const healthy: readonly (readonly [string, SnapshotLike])[] = [
  ["a pod that was just made", { pods: [{ init: { state: { waiting: { reason: "PodInitializing" } } } }] }],
  [
    "a pull of a large image",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "PodInitializing" } } },
          events: [{ reason: "Pulling", message: "Pulling image", type: "Normal" }],
        },
      ],
    },
  ],
  [
    "a long download",
    { pods: [{ init: { state: { running: {} } }, logs: { "model-downloader": ["12% 8.0 GiB of 67.0 GiB"] } }] },
  ],
  [
    "a download that retried a part after a 403 and went on",
    {
      pods: [
        {
          init: { state: { running: {} } },
          logs: { "model-downloader": ["retrying after 403", "13% 9.0 GiB of 67.0 GiB"] },
        },
      ],
    },
  ],
  [
    "a model that is loading",
    {
      pods: [
        {
          main: { started: false, state: { running: {} } },
          logs: { inference: ["Loading safetensors checkpoint shards: 25%"] },
        },
      ],
    },
  ],
  [
    "a startup probe that fails while the model loads",
    {
      pods: [
        {
          main: { started: false, state: { running: {} } },
          events: [{ reason: "Unhealthy", message: "Startup probe failed: connection refused" }],
        },
      ],
    },
  ],
  [
    "a progress deadline that passed during a download",
    {
      pods: [{ init: { state: { running: {} } } }],
      status: {
        observedGeneration: 2,
        replicas: 1,
        updatedReplicas: 1,
        conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
      },
    },
  ],
  [
    "a failing pod of the old ReplicaSet",
    {
      pods: [
        { main: serving },
        {
          old: true,
          main: {
            restartCount: 9,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 1 } },
          },
        },
      ],
      ingress: { address: "x" },
    },
  ],
  [
    "a pod that was evicted and whose successor downloads",
    {
      pods: [
        { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." },
        { init: { state: { running: {} } }, logs: { "model-downloader": ["12% 8.0 GiB of 67.0 GiB"] } },
      ],
    },
  ],
  [
    "a pod that ends because its node is drained, and its successor",
    {
      pods: [
        { terminating: true, main: { state: { terminated: { exitCode: 137, reason: "Error" } }, restartCount: 1 } },
        { init: { state: { running: {} } } },
      ],
    },
  ],
  [
    "a sidecar that runs beside a model that is loading",
    {
      pods: [{ sidecar: { started: true, state: { running: {} } }, main: { started: false, state: { running: {} } } }],
    },
  ],
  ["an Ingress that is still being made", { pods: [{ main: serving }], surroundings: { controllerReady: true } }],
  [
    "an Ingress that failed once and was then reconciled",
    {
      pods: [{ main: serving }],
      ingress: {
        address: "x",
        events: [
          { reason: "FailedDeployModel", message: "throttled" },
          { reason: "SuccessfullyReconciled", message: "Successfully reconciled", type: "Normal" },
        ],
      },
    },
  ],
  [
    "a model that restarted once and serves",
    {
      pods: [{ main: { ...serving, restartCount: 1, lastState: { terminated: { exitCode: 1 } } } }],
      ingress: { address: "x" },
    },
  ],
];
