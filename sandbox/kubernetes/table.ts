import { humanDuration } from "./duration.ts";
import type { Kind } from "./kinds.ts";
import type { Json, JsonMap, KubeObject } from "./objects.ts";
import { asJson, isMap } from "./objects.ts";
import { podCells } from "./pod-columns.ts";
import type {
  Deployment,
  EndpointSlice,
  Endpoints,
  Ingress,
  KubeEvent,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Secret,
  Service,
} from "./types.ts";

interface Column {
  readonly name: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority?: number;
  readonly cell: (object: KubeObject, now: number) => Json;
}

const name: Column = { name: "Name", cell: ({ metadata }) => metadata.name };
const age: Column = {
  name: "Age",
  cell: ({ metadata }, now) => humanDuration(now - Date.parse(metadata.creationTimestamp)),
};
const at = (object: KubeObject, path: string): Json => {
  let value: Json | undefined = asJson(object);
  for (const part of path.split(".")) value = isMap(value) ? value[part] : undefined;
  return value ?? "";
};
const column = (title: string, path: string, priority = 0): Column => ({
  name: title,
  priority,
  cell: (object) => at(object, path),
});
const count = (title: string, path: string): Column => ({ name: title, cell: (object) => Number(at(object, path)) });
const size = (title: string, path: string): Column => ({
  name: title,
  cell: (object) => Object.keys(Object(at(object, path))).length,
});

const podColumn = (title: string, key: keyof ReturnType<typeof podCells>, priority = 0): Column => ({
  name: title,
  priority,
  cell: (object, now) => podCells(object as Pod, now)[key],
});

const tables: Readonly<Record<string, readonly Column[]>> = {
  pods: [
    name,
    podColumn("Ready", "ready"),
    podColumn("Status", "status"),
    podColumn("Restarts", "restarts"),
    age,
    { name: "IP", priority: 1, cell: (object) => (object as Pod).status.podIP ?? "<none>" },
    { name: "Node", priority: 1, cell: (object) => (object as Pod).spec.nodeName ?? "<none>" },
    { name: "Nominated Node", priority: 1, cell: () => "<none>" },
    { name: "Readiness Gates", priority: 1, cell: () => "<none>" },
  ],
  deployments: [
    name,
    {
      name: "Ready",
      cell: (object) => `${(object as Deployment).status?.readyReplicas ?? 0}/${(object as Deployment).spec.replicas}`,
    },
    count("Up-to-date", "status.updatedReplicas"),
    count("Available", "status.availableReplicas"),
    age,
  ],
  replicasets: [
    name,
    count("Desired", "spec.replicas"),
    count("Current", "status.replicas"),
    { name: "Ready", cell: (object) => (object as ReplicaSet).status?.readyReplicas ?? 0 },
    age,
  ],
  services: [
    name,
    column("Type", "spec.type"),
    { name: "Cluster-IP", cell: (object) => (object as Service).spec.clusterIP ?? "<none>" },
    { name: "External-IP", cell: () => "<none>" },
    {
      name: "Port(s)",
      cell: (object) => ((object as Service).spec.ports ?? []).map((port) => `${port.port}/${port.protocol}`).join(","),
    },
    age,
  ],
  ingresses: [
    name,
    { name: "Class", cell: (object) => (object as Ingress).spec.ingressClassName ?? "<none>" },
    {
      name: "Hosts",
      cell: (object) => ((object as Ingress).spec.rules ?? []).map((rule) => rule.host ?? "*").join(",") || "*",
    },
    {
      name: "Address",
      cell: (object) =>
        ((object as Ingress).status?.loadBalancer?.ingress ?? [])
          .map((entry) => entry.hostname ?? entry.ip ?? "")
          .join(","),
    },
    { name: "Ports", cell: () => "80" },
    age,
  ],
  endpoints: [name, { name: "Endpoints", cell: (object) => addressesIn(object as Endpoints) }, age],
  endpointslices: [
    name,
    column("AddressType", "addressType"),
    { name: "Ports", cell: (object) => (object as EndpointSlice).ports.map(({ port }) => port).join(",") || "<unset>" },
    {
      name: "Endpoints",
      cell: (object) =>
        (object as EndpointSlice).endpoints.flatMap(({ addresses }) => addresses).join(",") || "<unset>",
    },
    age,
  ],
  ingressclasses: [
    name,
    column("Controller", "spec.controller"),
    {
      name: "Parameters",
      cell: (object) => {
        const [group, kind, params] = ["apiGroup", "kind", "name"].map((part) => at(object, `spec.parameters.${part}`));
        return params === "" ? "<none>" : `${kind}.${group}/${params}`;
      },
    },
    age,
  ],
  namespaces: [name, { name: "Status", cell: (object) => (object as Namespace).status?.phase ?? "" }, age],
  nodes: [
    name,
    {
      name: "Status",
      cell: (object) =>
        (object as Node).status.conditions?.some((one) => one.type === "Ready" && one.status === "True")
          ? "Ready"
          : "NotReady",
    },
    { name: "Roles", cell: () => "<none>" },
    age,
    column("Version", "status.nodeInfo.kubeletVersion"),
    {
      name: "Internal-IP",
      priority: 1,
      cell: (object) =>
        (object as Node).status.addresses?.find(({ type }) => type === "InternalIP")?.address ?? "<none>",
    },
    { name: "External-IP", priority: 1, cell: () => "<none>" },
    column("OS-Image", "status.nodeInfo.osImage", 1),
    column("Kernel-Version", "status.nodeInfo.kernelVersion", 1),
    column("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", 1),
  ],
  secrets: [name, { name: "Type", cell: (object) => (object as Secret).type ?? "" }, size("Data", "data"), age],
  configmaps: [name, size("Data", "data"), age],
  serviceaccounts: [name, size("Secrets", "secrets"), age],
  leases: [name, column("Holder", "spec.holderIdentity"), age],
  events: [
    {
      name: "Last Seen",
      cell: (object, now) =>
        humanDuration(
          now -
            Date.parse(
              (object as KubeEvent).lastTimestamp ??
                (object as KubeEvent).eventTime ??
                object.metadata.creationTimestamp,
            ),
        ),
    },
    column("Type", "type"),
    column("Reason", "reason"),
    {
      name: "Object",
      cell: (object) =>
        `${(object as KubeEvent).involvedObject.kind.toLowerCase()}/${(object as KubeEvent).involvedObject.name}`,
    },
    column("Message", "message"),
  ],
};

function addressesIn({ subsets = [] }: Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => (ports.length === 0 ? [ip] : ports.map(({ port }) => `${ip}:${port}`))),
  );
  return all.join(",") || "<none>";
}

/** The `meta.k8s.io/v1` Table of these objects, with the columns that the command line shows. */
export function tableOf(
  kind: Kind,
  objects: readonly KubeObject[],
  list: JsonMap,
  now: number,
  header = true,
): JsonMap {
  const columns = tables[kind.resource] ?? [name, age];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: list,
    columnDefinitions: header
      ? columns.map(({ name: title, priority }) => ({
          name: title,
          type: "string",
          format: title === "Name" ? "name" : "",
          description: "",
          priority: priority ?? 0,
        }))
      : [],
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, now)),
      object: {
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: asJson(object)["metadata"] ?? {},
      },
    })),
  };
}
