import { type State, serverCrash, serving } from "./shapes.ts";

/** Model servers that do not start, crash or do not get ready. */
export const servers: readonly State[] = [
  ["the server is out of memory", serverCrash([], { exitCode: 137, reason: "OOMKilled" }), "DEPLOY_OOM"],
  [
    "the model does not fit its GPUs",
    serverCrash(["torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"]),
    "DEPLOY_GPU_MEMORY",
  ],
  [
    "no room is left for the cache",
    serverCrash(["ValueError: No available memory for the cache blocks."]),
    "DEPLOY_GPU_MEMORY",
  ],
  [
    "the node's driver is too old",
    serverCrash(["RuntimeError: The NVIDIA driver on your system is too old"]),
    "DEPLOY_GPU_DRIVER",
  ],
  [
    "the server crashes",
    serverCrash(["Traceback (most recent call last):", "KeyError: 'rope_scaling'"]),
    "DEPLOY_CRASH",
  ],
  [
    "a Secret is missing",
    {
      pods: [
        {
          main: {
            state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "vllm-auth" not found' } },
          },
        },
      ],
    },
    "DEPLOY_SECRET_MISSING",
  ],
  [
    "a key of a Secret is missing",
    {
      pods: [
        {
          main: {
            state: {
              waiting: {
                reason: "CreateContainerConfigError",
                message: "couldn't find key VLLM_API_KEY in Secret poolside-models/vllm-auth",
              },
            },
          },
        },
      ],
    },
    "DEPLOY_SECRET_MISSING",
  ],
  [
    "a container would run as root",
    {
      pods: [
        {
          main: {
            state: {
              waiting: {
                reason: "CreateContainerConfigError",
                message: "container has runAsNonRoot and image will run as root",
              },
            },
          },
        },
      ],
    },
    "DEPLOY_CONTAINER_CONFIG",
  ],
  [
    "the readiness probe fails",
    {
      pods: [
        {
          main: { started: true, state: { running: {} } },
          events: [{ reason: "Unhealthy", message: "Readiness probe failed: HTTP probe failed with statuscode: 503" }],
        },
      ],
    },
    "DEPLOY_PROBE_FAILING",
  ],
  [
    "the load balancer's target is not healthy",
    {
      pods: [{ main: serving, gate: "Target registration is in progress" }],
      ingress: { address: "x.elb.amazonaws.com" },
    },
    "DEPLOY_READINESS_GATE",
  ],
  [
    "the server is of another architecture",
    serverCrash(["exec /usr/bin/python3: exec format error"]),
    "DEPLOY_IMAGE_PLATFORM",
  ],
  [
    "the NVIDIA runtime did not start the container, which waits for the next try",
    serverCrash([], {
      exitCode: 128,
      reason: "StartError",
      message: "failed to create containerd task: nvidia-container-cli: device error: unknown device",
    }),
    "DEPLOY_GPU_DRIVER",
  ],
  [
    "a Secret to be mounted is missing",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "PodInitializing" } } },
          events: [
            {
              reason: "FailedMount",
              message: 'MountVolume.SetUp failed for volume "key" : secret "vllm-auth" not found',
            },
          ],
        },
      ],
    },
    "DEPLOY_SECRET_MISSING",
  ],
  [
    "a ConfigMap is missing",
    {
      pods: [
        {
          main: {
            state: { waiting: { reason: "CreateContainerConfigError", message: 'configmap "serving" not found' } },
          },
        },
      ],
    },
    "DEPLOY_CONTAINER_CONFIG",
  ],
  [
    "the startup probe ends a server that is still loading",
    {
      pods: [
        {
          main: {
            restartCount: 1,
            state: { running: {} },
            started: false,
            lastState: { terminated: { exitCode: 137, reason: "Error" } },
          },
          events: [
            { reason: "Unhealthy", message: "Startup probe failed: connection refused" },
            {
              reason: "Killing",
              message: "Container inference failed startup probe, will be restarted",
              type: "Normal",
            },
          ],
          logs: { inference: ["Loading safetensors checkpoint shards: 25%"] },
        },
      ],
    },
    "DEPLOY_PROBE_FAILING",
  ],
  [
    "a sidecar crashes",
    {
      pods: [
        {
          sidecar: {
            restartCount: 3,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 2, reason: "Error" } },
          },
          init: { state: { waiting: { reason: "PodInitializing" } } },
        },
      ],
    },
    "DEPLOY_CRASH",
  ],
  [
    "the GPU's memory is used by something else",
    serverCrash([
      "(EngineCore pid=1371) ERROR 09-03 19:44:07 [core.py:1330] ValueError: Free memory on device cuda:0 (16.9/79.18 GiB) on startup is less than desired GPU memory utilization (0.9, 71.2 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.",
      "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
    ]),
    "DEPLOY_GPU_MEMORY",
  ],
];
