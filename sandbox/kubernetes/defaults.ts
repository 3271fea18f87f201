import type { Kind } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import type {
  Container,
  Deployment,
  Ingress,
  Namespace,
  Pod,
  PodSpec,
  Probe,
  ReplicaSet,
  Secret,
  Service,
} from "./types.ts";

/** Fills in what the real server's defaulting fills in (apis/core/v1/defaults.go and its siblings); changes `object`. */
export function setDefaults(kind: Kind, object: KubeObject): void {
  switch (kind.resource) {
    case "pods":
      podDefaults((object as Pod).spec);
      return;
    case "deployments":
      deploymentDefaults(object as Deployment);
      return;
    case "replicasets": {
      const { spec } = object as ReplicaSet;
      if (!spec) return;
      spec.replicas ??= 1;
      podDefaults(spec.template?.spec);
      return;
    }
    case "services":
      serviceDefaults(object as Service);
      return;
    case "ingresses":
      for (const rule of (object as Ingress).spec?.rules ?? []) {
        for (const path of rule.http?.paths ?? []) path.pathType ??= "";
      }
      return;
    case "secrets": {
      const secret = object as Secret;
      secret.type ??= "Opaque";
      if (!secret.stringData) return;
      secret.data ??= {};
      for (const [key, value] of Object.entries(secret.stringData)) {
        secret.data[key] = Buffer.from(value).toString("base64");
      }
      delete secret.stringData;
      return;
    }
    case "namespaces": {
      const namespace = object as Namespace;
      namespace.metadata.labels = {
        "kubernetes.io/metadata.name": namespace.metadata.name,
        ...namespace.metadata.labels,
      };
      namespace.spec ??= {};
      namespace.spec.finalizers ??= ["kubernetes"];
      namespace.status ??= { phase: "Active" };
      return;
    }
    default:
  }
}

function deploymentDefaults({ spec }: Deployment): void {
  if (!spec) return;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.strategy ??= { type: "RollingUpdate" };
  spec.strategy.type ??= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate = { maxSurge: "25%", maxUnavailable: "25%", ...spec.strategy.rollingUpdate };
  }
  podDefaults(spec.template?.spec);
}

function podDefaults(spec: PodSpec | undefined): void {
  if (!spec) return;
  spec.restartPolicy ??= "Always";
  spec.dnsPolicy ??= "ClusterFirst";
  spec.schedulerName ??= "default-scheduler";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (spec.serviceAccountName !== undefined) spec.serviceAccount ??= spec.serviceAccountName;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) containerDefaults(container);
  for (const volume of spec.volumes ?? []) {
    if (volume.secret) volume.secret.defaultMode ??= 420;
    if (volume.configMap) volume.configMap.defaultMode ??= 420;
  }
}

function containerDefaults(container: Container): void {
  container.terminationMessagePath ??= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  container.resources ??= {};
  container.imagePullPolicy ??= /(:latest|\/[^:@]+|^[^:@/]+)$/.test(container.image ?? "") ? "Always" : "IfNotPresent";
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const [name, value] of Object.entries(container.resources.limits ?? {})) {
    container.resources.requests ??= {};
    container.resources.requests[name] ??= value;
  }
  for (const probe of [container.readinessProbe, container.startupProbe, container.livenessProbe]) probeDefaults(probe);
  for (const variable of container.env ?? []) {
    const field = variable.valueFrom?.fieldRef as { apiVersion?: string } | undefined;
    if (field) field.apiVersion ??= "v1";
  }
}

function probeDefaults(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  if (!probe.httpGet) return;
  probe.httpGet.path ??= "/";
  probe.httpGet.scheme ??= "HTTP";
}

function serviceDefaults({ spec }: Service): void {
  if (!spec) return;
  spec.type ??= "ClusterIP";
  spec["sessionAffinity"] ??= "None";
  spec["internalTrafficPolicy"] ??= "Cluster";
  spec["ipFamilies"] ??= ["IPv4"];
  spec["ipFamilyPolicy"] ??= "SingleStack";
  for (const port of spec.ports ?? []) {
    port.protocol ??= "TCP";
    port.targetPort ??= port.port;
  }
}
