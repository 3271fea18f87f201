import { kindOf } from "../kinds.ts";
import { stableHash } from "../names.ts";
import type { KubeObject } from "../objects.ts";
import { asJson } from "../objects.ts";
import type { EndpointSlice, Pod, Service } from "../types.ts";
import { holds } from "./conditions.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { endpointsWriter, sliceWriter } from "./context.ts";
import { controllerReference } from "./owners.ts";

type ServicePort = NonNullable<Service["spec"]["ports"]>[number];

/** Keeps an EndpointSlice and an Endpoints object per Service with a selector. One slice holds all: no Service here has a hundred pods. */
export class Endpoints implements Controller {
  readonly watches = ["services", "pods"];
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
  }

  reconcile(): void {
    for (const service of this.context.store.list<Service>("services")) {
      if (service.spec.selector && !service.metadata.deletionTimestamp) this.reconcileOne(service);
    }
    for (const endpoints of this.context.store.list("endpoints")) {
      const { namespace, name } = endpoints.metadata;
      if (!this.context.store.get("services", namespace, name))
        this.context.api.delete(kindOf("endpoints"), endpoints, {}, endpointsWriter);
    }
  }

  private reconcileOne(service: Service): void {
    const pods = this.context.store
      .list<Pod>("pods", service.metadata.namespace)
      .filter((pod) => isSelected(pod, service) && pod.status.podIP !== undefined);
    const ports = (service.spec.ports ?? []).map((port) => ({
      name: port.name ?? "",
      port: targetPort(port, pods[0]),
      protocol: port.protocol ?? "TCP",
    }));
    this.writeSlice(service, pods, ports);
    this.writeEndpoints(service, pods, ports);
  }

  private writeSlice(service: Service, pods: readonly Pod[], ports: EndpointSlice["ports"]): void {
    const { api, store } = this.context;
    const { name, namespace, labels } = service.metadata;
    const endpoints = pods.map((pod) => {
      const terminating = pod.metadata.deletionTimestamp !== undefined;
      const serving = holds(pod.status.conditions, "Ready");
      return {
        addresses: [pod.status.podIP ?? ""],
        conditions: { ready: serving && !terminating, serving, terminating },
        ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
        targetRef: targetOf(pod),
      };
    });
    const known = store
      .list<EndpointSlice>("endpointslices", namespace)
      .find((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === name);
    if (known) {
      const change = (draft: EndpointSlice) => void Object.assign(draft, { endpoints, ports });
      api.modify("endpointslices", known, change, sliceWriter);
      return;
    }
    const slice = {
      metadata: {
        name: `${name}-${stableHash(service.metadata.uid, 5)}`,
        labels: {
          ...labels,
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
          "kubernetes.io/service-name": name,
        },
        ownerReferences: [controllerReference(service)],
      },
      addressType: "IPv4",
      endpoints,
      ports,
    };
    api.create(kindOf("endpointslices"), namespace, object("discovery.k8s.io/v1", "EndpointSlice", slice), sliceWriter);
  }

  private writeEndpoints(service: Service, pods: readonly Pod[], ports: EndpointSlice["ports"]): void {
    const { api, store } = this.context;
    const { name, namespace, labels } = service.metadata;
    const addresses = (ready: boolean) =>
      pods
        .filter((pod) => !pod.metadata.deletionTimestamp && holds(pod.status.conditions, "Ready") === ready)
        .map((pod) => ({ ip: pod.status.podIP, nodeName: pod.spec.nodeName, targetRef: targetOf(pod) }));
    const [ready, waiting] = [addresses(true), addresses(false)];
    const named = ports.map((port) => ({
      ...(port.name ? { name: port.name } : {}),
      port: port.port,
      protocol: port.protocol,
    }));
    const subset = {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(waiting.length > 0 ? { notReadyAddresses: waiting } : {}),
      ports: named,
    };
    const subsets = ready.length + waiting.length > 0 ? [subset] : [];
    const known = store.get("endpoints", namespace, name);
    if (known) {
      const change = (draft: KubeObject & { subsets?: unknown }) => {
        draft.subsets = subsets;
      };
      api.modify("endpoints", known, change, endpointsWriter);
    } else {
      const endpoints = { metadata: { name, ...(labels ? { labels } : {}) }, subsets };
      api.create(kindOf("endpoints"), namespace, object("v1", "Endpoints", endpoints), endpointsWriter);
    }
  }
}

function isSelected(pod: Pod, { spec }: Service): boolean {
  return Object.entries(spec.selector ?? {}).every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** A named target port is the container's port of that name. */
export function targetPort(port: ServicePort, pod: Pod | undefined): number {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target;
  const ports = (pod?.spec.containers ?? []).flatMap((container) => container.ports ?? []);
  return ports.find(({ name }) => name === target)?.containerPort ?? port.port;
}

function targetOf({ metadata }: Pod) {
  return { kind: "Pod", namespace: metadata.namespace, name: metadata.name, uid: metadata.uid };
}

function object(apiVersion: string, kind: string, rest: object) {
  return asJson({ apiVersion, kind, ...rest } as unknown as KubeObject);
}
