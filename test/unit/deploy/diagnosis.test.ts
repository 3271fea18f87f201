import { describe, expect, it } from "vitest";
import { diagnose, unrelatedTroubles } from "../../../src/deploy/diagnosis/diagnose.ts";
import { deployErrors } from "../../../src/deploy/errors.ts";
import { type SnapshotLike, snapshot } from "./snapshots.ts";

const scope = { deployments: ["inference-point"], ingresses: ["inference-point"], release: "inference" };
const serving = { ready: true, started: true, state: { running: {} } };
const short =
  "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available.";

function waiting(reason: string, message = ""): SnapshotLike {
  return { pods: [{ init: { state: { waiting: { reason, message } } } }] };
}

function crashing(lines: readonly string[], more: object = {}): SnapshotLike {
  return {
    pods: [
      {
        init: {
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, reason: "Error", ...more } },
        },
        logs: { "model-downloader": lines },
      },
    ],
  };
}

function serverCrash(lines: readonly string[], more: object = {}): SnapshotLike {
  return {
    pods: [
      {
        main: {
          restartCount: 2,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, reason: "Error", ...more } },
        },
        logs: { inference: lines },
      },
    ],
  };
}

function ingressEvent(message: string, scheme?: string): SnapshotLike {
  return {
    pods: [{ main: serving }],
    ingress: { events: [{ reason: "FailedBuildModel", message }], ...(scheme ? { scheme } : {}) },
  };
}

/** Snapshots by what is found in them; each line is a state that a cluster was seen in, or that its components' sources say it can be in. */
const table: readonly (readonly [string, SnapshotLike, string])[] = [
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
    "an image is not in the registry",
    waiting("ImagePullBackOff", "Back-off pulling image: failed to resolve reference: a/atlas:1: not found"),
    "DEPLOY_IMAGE_NOT_FOUND",
  ],
  [
    "a repository is not there",
    waiting("ErrImagePull", "name unknown: The repository with name 'atlas' does not exist in the registry"),
    "DEPLOY_IMAGE_NOT_FOUND",
  ],
  [
    "the node role may not pull",
    waiting("ErrImagePull", "unexpected status from HEAD request: 403 Forbidden"),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the registry wants a login",
    waiting("ImagePullBackOff", "failed to authorize: no basic auth credentials"),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the registry cannot be reached",
    waiting("ErrImagePull", "dial tcp 52.0.0.1:443: i/o timeout"),
    "DEPLOY_IMAGE_PULL",
  ],
  [
    "the disk is full while pulling",
    waiting("ErrImagePull", "write /var/lib/containerd: no space left on device"),
    "DEPLOY_DISK_FULL",
  ],
  ["an image name is no reference", waiting("InvalidImageName", "couldn't parse image name"), "DEPLOY_IMAGE_NAME"],
  [
    "the reason is in the event only",
    {
      pods: [
        {
          init: { state: { waiting: { reason: "ImagePullBackOff", message: "" } } },
          events: [
            {
              reason: "Failed",
              message: 'Failed to pull image "a/atlas:1": manifest unknown: requested image not found',
            },
          ],
        },
      ],
    },
    "DEPLOY_IMAGE_NOT_FOUND",
  ],
  [
    "S3 denies the checkpoint",
    crashing(["ERROR An error occurred (AccessDenied) when calling the GetObject operation: Access Denied"]),
    "DEPLOY_CHECKPOINT_DENIED",
  ],
  [
    "KMS denies the key",
    crashing(["AccessDenied: User is not authorized to perform: kms:Decrypt on this resource"]),
    "DEPLOY_CHECKPOINT_KEY_DENIED",
  ],
  [
    "STS is not reached, whatever for",
    crashing([
      "operation error STS: AssumeRoleWithWebIdentity, request send failed, Post https://sts.us-east-2.amazonaws.com/: dial tcp: lookup sts.us-east-2.amazonaws.com: i/o timeout",
    ]),
    "DEPLOY_DOWNLOAD_FAILED",
  ],
  [
    "STS refuses the service account",
    crashing(["AccessDenied when calling the AssumeRoleWithWebIdentity operation: Not authorized"]),
    "DEPLOY_ROLE_NOT_ASSUMED",
  ],
  [
    "the pod has no credentials",
    crashing(["botocore.exceptions.NoCredentialsError: Unable to locate credentials"]),
    "DEPLOY_NO_CREDENTIALS",
  ],
  [
    "the bucket does not exist",
    crashing(["NoSuchBucket: The specified bucket does not exist"]),
    "DEPLOY_CHECKPOINT_MISSING",
  ],
  [
    "the prefix is empty",
    crashing(["INFO 0 objects", "ERROR model-downloader: no checkpoint files synced from s3://a/b"]),
    "DEPLOY_CHECKPOINT_EMPTY",
  ],
  ["the disk is full while downloading", crashing(["OSError: [Errno 28] No space left on device"]), "DEPLOY_DISK_FULL"],
  ["the downloader is out of memory", crashing([], { exitCode: 137, reason: "OOMKilled" }), "DEPLOY_OOM"],
  ["the downloader ends without a reason", crashing(["something went wrong"]), "DEPLOY_DOWNLOAD_FAILED"],
  ["the downloader says nothing at all", crashing([]), "DEPLOY_DOWNLOAD_FAILED"],
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
    "a quota refuses the pod",
    {
      pods: [],
      refused: 'pods "a" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1, used: 2, limited: 2',
    },
    "DEPLOY_QUOTA",
  ],
  [
    "Pod Security refuses the pod",
    { pods: [], refused: 'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation' },
    "DEPLOY_POD_SECURITY",
  ],
  [
    "a webhook without endpoints refuses the pod",
    {
      pods: [],
      refused:
        'Internal error occurred: failed calling webhook: no endpoints available for service "aws-load-balancer-webhook-service"',
    },
    "DEPLOY_WEBHOOK_DOWN",
  ],
  [
    "the service account is missing",
    {
      pods: [],
      refused:
        'pods "a" is forbidden: error looking up service account models/inference: serviceaccount "inference" not found',
    },
    "DEPLOY_SERVICE_ACCOUNT",
  ],
  [
    "a policy refuses the pod",
    {
      pods: [],
      refused: "pods is forbidden: ValidatingAdmissionPolicy 'x' with binding 'x' denied request: no latest tags",
    },
    "DEPLOY_ADMISSION_DENIED",
  ],
  [
    "the namespace is going away",
    { pods: [], refused: "unable to create new content in namespace a because it is being terminated" },
    "DEPLOY_NAMESPACE_TERMINATING",
  ],
  [
    "the subnets are not tagged",
    ingressEvent("Failed build model due to couldn't auto-discover subnets: unable to resolve at least one subnet"),
    "DEPLOY_INGRESS_SUBNETS",
  ],
  [
    "no certificate fits",
    ingressEvent("Failed build model due to ingress: no certificate found for host: point.dev.example.com"),
    "DEPLOY_INGRESS_CERTIFICATE",
  ],
  [
    "the controller lacks a right",
    ingressEvent("AccessDenied: not authorized to perform: elasticloadbalancing:CreateLoadBalancer"),
    "DEPLOY_INGRESS_DENIED",
  ],
  [
    "Ingresses of a group contradict each other",
    ingressEvent("Failed build model due to conflicting scheme: internal | internet-facing"),
    "DEPLOY_INGRESS_CONFLICT",
  ],
  [
    "the controller fails for another reason",
    ingressEvent("Failed deploy model due to TargetGroupNotFound"),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "the controller has no pods",
    { pods: [{ main: serving }], surroundings: { controllerReady: false } },
    "DEPLOY_INGRESS_NO_CONTROLLER",
  ],
];

/** The same kinds of trouble in other words, and in company that misleads. */
const further: readonly (readonly [string, SnapshotLike, string])[] = [
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
    "a registry limits the rate",
    waiting("ImagePullBackOff", "toomanyrequests: Rate exceeded: failed to resolve reference: 429 Too Many Requests"),
    "DEPLOY_IMAGE_PULL",
  ],
  [
    "an image has no platform of the node",
    waiting("ErrImagePull", "no match for platform in manifest: not found"),
    "DEPLOY_IMAGE_PLATFORM",
  ],
  [
    "a registry does not say whether an image is there",
    waiting(
      "ErrImagePull",
      "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
    ),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the token of the registry has run out",
    waiting("ErrImagePull", "denied: Your authorization token has expired. Reauthenticate and try again."),
    "DEPLOY_IMAGE_DENIED",
  ],
  [
    "the downloader is of another architecture",
    crashing(["exec /usr/local/bin/model-downloader: exec format error"]),
    "DEPLOY_IMAGE_PLATFORM",
  ],
  [
    "the server is of another architecture",
    serverCrash(["exec /usr/bin/python3: exec format error"]),
    "DEPLOY_IMAGE_PLATFORM",
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
    "the NVIDIA runtime did not start the container, which waits for the next try",
    serverCrash([], {
      exitCode: 128,
      reason: "StartError",
      message: "failed to create containerd task: nvidia-container-cli: device error: unknown device",
    }),
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
    "the pod's node is not ready any more",
    {
      pods: [
        { main: { ...serving, ready: false }, events: [{ reason: "NodeNotReady", message: "Node is not ready" }] },
      ],
      ingress: { address: "x" },
    },
    "DEPLOY_NODE_LOST",
  ],
  [
    "a webhook's certificate is not trusted",
    {
      pods: [],
      refused:
        'Internal error occurred: failed calling webhook "mpod.elbv2.k8s.aws": failed to call webhook: Post "https://aws-load-balancer-webhook-service.kube-system.svc:443/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    },
    "DEPLOY_WEBHOOK_DOWN",
  ],
  [
    "a webhook does not answer in time",
    {
      pods: [],
      refused:
        'Internal error occurred: failed calling webhook "x.example.com": failed to call webhook: Post "https://x.example.svc:443/": context deadline exceeded',
    },
    "DEPLOY_WEBHOOK_DOWN",
  ],
  [
    "a limit range refuses the pod",
    { pods: [], refused: 'pods "a" is forbidden: maximum memory usage per Container is 64Gi, but limit is 512Gi' },
    "DEPLOY_ADMISSION_DENIED",
  ],
  [
    "the pod asks with its node's role",
    crashing([
      "fatal error: An error occurred (AccessDenied) when calling the ListObjectsV2 operation: User: arn:aws:sts::210987654321:assumed-role/gpu-nodes/i-0a1b2c3d4e5f60718 is not authorized to perform: s3:ListBucket on resource: arn:aws:s3:::acme-models-dev",
    ]),
    "DEPLOY_NO_CREDENTIALS",
  ],
  [
    "there is no OIDC provider",
    crashing([
      "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: No OpenIDConnect provider found in your account for https://oidc.eks.us-east-2.amazonaws.com/id/AB",
    ]),
    "DEPLOY_ROLE_NOT_ASSUMED",
  ],
  [
    "an endpoint's policy denies",
    crashing([
      "AccessDenied: User: arn:aws:sts::210987654321:assumed-role/inference-pod-role/botocore is not authorized to perform: s3:GetObject because no VPC endpoint policy allows the s3:GetObject action",
    ]),
    "DEPLOY_CHECKPOINT_DENIED",
  ],
  [
    "the GPU's memory is used by something else",
    serverCrash([
      "(EngineCore pid=1371) ERROR 09-03 19:44:07 [core.py:1330] ValueError: Free memory on device cuda:0 (16.9/79.18 GiB) on startup is less than desired GPU memory utilization (0.9, 71.2 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.",
      "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
    ]),
    "DEPLOY_GPU_MEMORY",
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
  [
    "the controller does not reach AWS",
    ingressEvent(
      'Failed build model due to RequestError: send request failed caused by: Post "https://elasticloadbalancing.us-east-2.amazonaws.com/": dial tcp: lookup elasticloadbalancing.us-east-2.amazonaws.com on 10.100.0.10:53: no such host',
    ),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "the Service has no node port",
    ingressEvent(
      "Failed deploy model due to InvalidParameter: 1 validation error(s). minimum field value of 1, CreateTargetGroupInput.Port.",
    ),
    "DEPLOY_INGRESS_FAILED",
  ],
  ["the Deployment is paused", { pods: [], paused: true, ingress: { address: "x" } }, "DEPLOY_PAUSED"],
  [
    "the controller may not look for subnets",
    ingressEvent(
      "Failed build model due to couldn't auto-discover subnets: UnauthorizedOperation: You are not authorized to perform: ec2:DescribeSubnets",
    ),
    "DEPLOY_INGRESS_DENIED",
  ],
  [
    "the account has no load balancer left",
    ingressEvent(
      "Failed deploy model due to TooManyLoadBalancers: The maximum number of load balancers has been reached",
    ),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "a web ACL does not exist",
    ingressEvent("Failed deploy model due to WAFNonexistentItemException: AWS WAF couldn't perform the operation"),
    "DEPLOY_INGRESS_FAILED",
  ],
  [
    "a security group does not exist",
    ingressEvent("Failed build model due to couldn't find all security groups: requested ids [sg-0a] but found []"),
    "DEPLOY_INGRESS_FAILED",
  ],
];

/** Slow, and well. */
const healthy: readonly (readonly [string, SnapshotLike])[] = [
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

describe("diagnose", () => {
  it.each([...table, ...further])("finds that %s", (_, like, code) => {
    const found = diagnose(snapshot(like), scope);
    expect(found.map((item) => item.code)).toEqual([code]);
    expect(found[0]).toMatchObject({ cause: expect.stringMatching(/\S.*\.$/), remedy: expect.stringMatching(/\S/) });
    expect(found[0]!.evidence.length).toBeGreaterThan(0);
    expect(Object.keys(deployErrors)).toContain(code);
  });

  it.each(healthy)("gives no alarm for %s", (_, like) => {
    expect(diagnose(snapshot(like), scope)).toEqual([]);
  });

  it.each([
    ["a pod that finds no GPUs", { pods: [{ unscheduled: short }] }],
    ["an image that is not there", waiting("ErrImagePull", "not found")],
    ["an image that may not be pulled", waiting("ErrImagePull", "403 Forbidden")],
    ["a downloader that crashes", crashing(["ERROR (AccessDenied)"])],
    ["a Secret that is missing", waiting("CreateContainerConfigError", 'secret "vllm-auth" not found')],
  ])("waits no minute for %s", (_, like) => {
    const [found] = diagnose(snapshot(like), scope);
    expect(found!.patience).toBeLessThan(60_000);
  });

  it("tells with which words a server began to end, not those that followed from it", () => {
    const lines = [
      "INFO NVML is used to find GPUs",
      "(EngineCore_0) ValueError: Unknown quantization method: fp9",
      "Traceback (most recent call last):",
      '  File "/usr/lib/core.py", line 1, in wait',
      "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}",
    ];
    expect(diagnose(snapshot(serverCrash(lines)), scope)).toMatchObject([
      { code: "DEPLOY_CRASH", evidence: "(EngineCore_0) ValueError: Unknown quantization method: fp9" },
    ]);
  });

  it("waits for a server without a startup probe as long as it loads", () => {
    const events = [{ reason: "Unhealthy", message: "Readiness probe failed: HTTP probe failed with statuscode: 503" }];
    const probing = { main: { started: true, state: { running: {} } }, events };
    const patienceOf = (startupProbe: boolean) =>
      diagnose(snapshot({ pods: [{ ...probing, startupProbe }] }), scope)[0]!.patience;
    expect([patienceOf(true), patienceOf(false)]).toEqual([360_000, Number.POSITIVE_INFINITY]);
  });

  it("alarms when pods are lost again and again, though each is replaced", () => {
    const lost = { phase: "Failed", reason: "UnexpectedAdmissionError", message: "no healthy devices present" };
    const found = diagnose(snapshot({ pods: [lost, lost, lost, { init: { state: { running: {} } } }] }), scope);
    expect(found.map(({ code }) => code)).toEqual(["DEPLOY_NODE_LOST", "DEPLOY_NODE_LOST", "DEPLOY_NODE_LOST"]);
  });

  it("waits for nodes that an autoscaler is bringing", () => {
    const growing = snapshot({
      pods: [
        {
          unscheduled: short,
          events: [{ reason: "TriggeredScaleUp", message: "pod triggered scale-up", type: "Normal" }],
        },
      ],
    });
    expect(diagnose(growing, scope)).toMatchObject([{ code: "DEPLOY_GPU_SHORT", patience: Number.POSITIVE_INFINITY }]);
  });

  it("goes on waiting for a download that crashed before and runs again, with the words of the crash", () => {
    const status = { restartCount: 2, lastState: { terminated: { exitCode: 1, finishedAt: "2026-11-24T11:59:00Z" } } };
    const again = snapshot({
      pods: [
        {
          init: { ...status, state: { running: {} } },
          logs: { "model-downloader": ["12% 8.0 GiB of 67.0 GiB"] },
          previous: { "model-downloader": ["ERROR 503 Slow Down"] },
        },
      ],
    });
    expect(diagnose(again, scope)).toMatchObject([
      {
        code: "DEPLOY_DOWNLOAD_FAILED",
        evidence: "ERROR 503 Slow Down",
        patience: Number.POSITIVE_INFINITY,
        attempts: { last: "2026-11-24T11:59:00Z", within: Number.POSITIVE_INFINITY },
      },
    ]);
  });

  it("keeps credentials out of the evidence", () => {
    const lines = [
      "ERROR 403 Forbidden aws_secret_access_key=wJalrXUtnFEMI/K7MDENG url=https://b.s3.amazonaws.com/k?X-Amz-Signature=abcdef0123&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE",
    ];
    const [found] = diagnose(snapshot(crashing(lines)), scope);
    expect(found!.evidence).not.toMatch(/wJalr|abcdef0123|AKIAIOSFODNN7/);
  });

  it("names broken workloads of the namespace that are not the release's", () => {
    const strange = snapshot(crashing(["ERROR no checkpoint files"]));
    expect(unrelatedTroubles(strange, { ...scope, deployments: [] })).toHaveLength(1);
    expect(diagnose(strange, { ...scope, deployments: [] })).toEqual([]);
  });
});
