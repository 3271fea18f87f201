import { createHash } from "node:crypto";

/**
 * What kwok does to pods and Ingresses, in place of kubelets and the load balancer controller. Stages of weight 1 win over those of weight 0, so
 * a pod whose annotation `sim/fail` names a trouble meets that; `sim/download` and `sim/load` are durations.
 */

/** Digest of the image that every pod "pulled" under a reference. */
export function simulatedDigest(image: string): string {
  return `sha256:${createHash("sha256").update(image).digest("hex")}`;
}

/** Tag that no registry has. */
export const absentTag = "does-not-exist";

type Expression = readonly [key: string, operator: "Exists" | "DoesNotExist" | "In" | "NotIn", ...values: string[]];

interface Step {
  readonly name: string;
  readonly when: readonly Expression[];
  readonly status?: string;
  readonly delay: number;
  /** Annotation that holds the duration instead. */
  readonly delayFrom?: string;
  readonly weight?: 0 | 1;
  readonly event?: readonly [type: "Normal" | "Warning", reason: string, message: string];
}

const living: Expression = [".metadata.deletionTimestamp", "DoesNotExist"];
const pending: Expression = [".status.phase", "In", "Pending"];
const running: Expression = [".status.phase", "In", "Running"];
const fresh: Expression = [".status.startTime", "DoesNotExist"];
const initRuns: Expression = [".status.initContainerStatuses.[].state.running.startedAt", "Exists"];
const mainRuns: Expression = [".status.containerStatuses.[].state.running.startedAt", "Exists"];
const unready: Expression = ['.status.conditions.[] | select( .type == "Ready" ) | .status', "NotIn", "True"];
const fails = (trouble: string): Expression => ['.metadata.annotations["sim/fail"]', "In", trouble];
const hasTag: Expression = [`.spec.containers.[].image | endswith(":${absentTag}")`, "In", "true"];

const now = "{{ $now := Now }}\n";
const time = "{{ $now | Quote }}";
const started = `{ running: { startedAt: ${time} } }`;
const completed = ended(0, "Completed");

function ended(code: number, reason: string): string {
  return `{ terminated: { exitCode: ${code}, reason: ${reason}, startedAt: ${time}, finishedAt: ${time} } }`;
}

function waits(reason: string, message = ""): string {
  return `{ waiting: { reason: ${reason}, message: "${message}" } }`;
}

function conditions(initialized: boolean, ready: boolean): string {
  const one = (type: string, is: boolean, reason: string, containers: string) =>
    `- { type: ${type}, status: "${is ? "True" : "False"}", lastTransitionTime: ${time}, ${
      is
        ? 'reason: "", message: ""'
        : `reason: ${reason}, message: "containers with unready status: [{{ range .spec.${containers} }}{{ .name }}{{ end }}]"`
    } }\n`;
  return [
    "conditions:\n",
    one("PodReadyToStartContainers", true, "", "containers"),
    one("Initialized", initialized, "ContainersNotInitialized", "initContainers"),
    one("Ready", ready, "ContainersNotReady", "containers"),
    one("ContainersReady", ready, "ContainersNotReady", "containers"),
  ].join("");
}

interface ContainerState {
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly last?: string;
  /** Added to the restarts so far. */
  readonly restarts?: number;
}

function containers(kind: "init" | "main", state: string, over: ContainerState = {}): string {
  const [statuses, specs] =
    kind === "init" ? ["initContainerStatuses", ".spec.initContainers"] : ["containerStatuses", ".spec.containers"];
  // A kubelet says which bytes it runs once it has them.
  const pulled = /^\{ (running|terminated)/.test(state) || over.restarts !== undefined;
  const imageID = '{{ printf "%s@sha256:%s" (regexReplaceAll ":[^:/]+$" .image "") (sha256sum .image) | Quote }}';
  const count = over.restarts === undefined ? "0" : "{{ $restarts }}";
  return [
    over.restarts === undefined
      ? ""
      : `{{ $restarts := 0 }}\n{{ range .status.${statuses} }}\n{{ $restarts = add .restartCount ${over.restarts} }}\n{{ end }}\n`,
    `${statuses}:\n{{ range ${specs} }}\n`,
    "- name: {{ .name | Quote }}\n",
    "  image: {{ .image | Quote }}\n",
    `  imageID: ${pulled ? imageID : '""'}\n`,
    `  ready: ${over.ready ?? false}\n`,
    `  started: ${over.started ?? false}\n`,
    `  restartCount: ${count}\n`,
    `  state: ${state}\n`,
    `  lastState: ${over.last ?? "{}"}\n`,
    "{{ end }}\n",
  ].join("");
}

const addresses = [
  "hostIP: {{ NodeIPWith .spec.nodeName | Quote }}\n",
  'podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}\n',
  `startTime: ${time}\n`,
].join("");

const serverStarts = [
  now,
  conditions(true, false),
  `{{ if .spec.initContainers }}\n${containers("init", completed, { ready: true })}{{ end }}\n`,
  containers("main", started, { started: false }),
].join("");

const podSteps: readonly Step[] = [
  {
    name: "pod-downloads",
    when: [living, pending, fresh, [".spec.initContainers.[].name", "Exists"]],
    status: `${now}${conditions(false, false)}${containers("init", started, { started: true })}${containers("main", waits("PodInitializing"))}${addresses}phase: Pending\n`,
    delay: 200,
    event: ["Normal", "Started", "Started container model-downloader"],
  },
  {
    name: "pod-starts",
    when: [living, pending, fresh, [".spec.initContainers", "DoesNotExist"]],
    status: `${serverStarts}${addresses}phase: Running\n`,
    delay: 200,
  },
  {
    name: "pod-loads",
    when: [living, pending, initRuns],
    status: `${serverStarts}phase: Running\n`,
    delay: 700,
    delayFrom: "sim/download",
  },
  {
    name: "pod-serves",
    when: [living, running, mainRuns, unready],
    status: `${now}${conditions(true, true)}${containers("main", started, { ready: true, started: true })}`,
    delay: 500,
    delayFrom: "sim/load",
  },
  {
    name: "image-absent",
    when: [living, pending, fresh, hasTag],
    status: `${now}${conditions(false, false)}${containers("init", waits("ErrImagePull", "failed to pull and unpack image: failed to resolve reference: not found"))}${containers("main", waits("PodInitializing"))}${addresses}phase: Pending\n`,
    delay: 100,
    weight: 1,
    event: ["Warning", "Failed", "Failed to pull image: failed to resolve reference: not found"],
  },
  {
    name: "download-fails",
    when: [living, pending, initRuns, fails("download")],
    status: `${now}${conditions(false, false)}${containers("init", waits("CrashLoopBackOff", "back-off 10s restarting failed container=model-downloader"), { restarts: 0, last: ended(1, "Error") })}`,
    delay: 500,
    weight: 1,
    event: ["Warning", "BackOff", "Back-off restarting failed container model-downloader"],
  },
  {
    name: "download-fails-again",
    when: [
      living,
      pending,
      fails("download"),
      [".status.initContainerStatuses.[].state.waiting.reason", "In", "CrashLoopBackOff"],
    ],
    status: `${now}${containers("init", started, { restarts: 1, started: true, last: ended(1, "Error") })}`,
    delay: 1500,
    weight: 1,
  },
  {
    name: "out-of-memory",
    when: [living, running, mainRuns, fails("oom")],
    status: `${now}${conditions(true, false)}${containers("main", ended(137, "OOMKilled"), { restarts: 0, last: ended(137, "OOMKilled") })}`,
    delay: 500,
    weight: 1,
  },
  {
    name: "out-of-memory-again",
    when: [living, running, fails("oom"), [".status.containerStatuses.[].state.terminated.reason", "In", "OOMKilled"]],
    status: `${now}${containers("main", waits("CrashLoopBackOff", "back-off 10s restarting failed container=inference"), { restarts: 1, last: ended(137, "OOMKilled") })}`,
    delay: 500,
    weight: 1,
    event: ["Warning", "BackOff", "Back-off restarting failed container inference"],
  },
  {
    name: "never-ready",
    when: [living, running, mainRuns, unready, fails("probe")],
    status: `${now}${conditions(true, false)}${containers("main", started, { started: true })}`,
    delay: 3000,
    weight: 1,
    event: ["Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"],
  },
];

const pod = { apiGroup: "v1", kind: "Pod" };

function stage({ name, when, status, delay, delayFrom, weight = 0, event }: Step, resourceRef: object = pod): object {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef,
      weight,
      selector: {
        matchExpressions: when.map(([key, operator, ...values]) => ({
          key,
          operator,
          ...(values.length > 0 ? { values } : {}),
        })),
      },
      delay: {
        durationMilliseconds: delay,
        ...(delayFrom ? { durationFrom: { expressionFrom: `.metadata.annotations["${delayFrom}"]` } } : {}),
      },
      next: {
        ...(event ? { event: { type: event[0], reason: event[1], message: event[2] } } : {}),
        ...(status === undefined ? { delete: true } : { statusTemplate: status }),
      },
    },
  };
}

/** All Stages of pods and Ingresses. */
export const stages: readonly object[] = [
  ...podSteps.map((step) => stage(step)),
  stage({
    name: "pod-ends",
    when: [[".metadata.deletionTimestamp", "Exists"]],
    delay: 300,
    delayFrom: "sim/terminate",
    weight: 1,
  }),
  stage(
    {
      name: "ingress-address",
      when: [living, [".status.loadBalancer.ingress", "DoesNotExist"], [".spec.ingressClassName", "In", "alb"]],
      status:
        "loadBalancer:\n  ingress:\n  - hostname: internal-k8s-poolside-{{ .metadata.namespace | sha256sum | trunc 10 }}.us-east-2.elb.amazonaws.com\n",
      delay: 500,
      event: ["Normal", "SuccessfullyReconciled", "Successfully reconciled"],
    },
    { apiGroup: "networking.k8s.io/v1", kind: "Ingress" },
  ),
];
