import type { Kind } from "./kinds.ts";
import type { JsonMap, KubeObject } from "./objects.ts";
import { asJson, isMap, same } from "./objects.ts";
import { quantityOf } from "./quantity.ts";
import { selects } from "./selectors.ts";
import type { FieldError } from "./status.ts";
import type { Container, Deployment, Ingress, PodSpec, PodTemplate, ReplicaSet, Secret, Service } from "./types.ts";

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const wording = {
  label:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  serviceLabel:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  subdomain:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
  labelValue:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};

function required(field: string, hint = ""): FieldError {
  return { field, reason: "FieldValueRequired", message: hint === "" ? "Required value" : `Required value: ${hint}` };
}

function wrong(field: string, value: unknown, why: string): FieldError {
  const shown = typeof value === "string" ? JSON.stringify(value) : JSON.stringify(value);
  return { field, reason: "FieldValueInvalid", message: `Invalid value: ${shown}: ${why}` };
}

/** What the real server's validation finds in an object that is to be created; empty when all is well. */
export function validateCreate(kind: Kind, object: KubeObject): FieldError[] {
  return [...nameErrors(kind, object), ...metaErrors(object), ...specErrors(kind, object)];
}

/** The same for an update, with the fields that may never change. */
export function validateUpdate(kind: Kind, object: KubeObject, old: KubeObject): FieldError[] {
  const errors = [...metaErrors(object), ...specErrors(kind, object)];
  if (kind.resource === "deployments" || kind.resource === "replicasets") {
    const selector = (object as Deployment).spec.selector;
    if (!same(selector, (old as Deployment).spec.selector))
      errors.push(wrong("spec.selector", selector, "field is immutable"));
  }
  if (kind.resource === "services") {
    const before = (old as Service).spec.clusterIP;
    const now = (object as Service).spec.clusterIP;
    if (now !== before)
      errors.push(wrong("spec.clusterIPs[0]", now === undefined ? [] : [now], "may not change once set"));
  }
  if (kind.resource === "secrets" && (object as Secret).type !== (old as Secret).type) {
    errors.push(wrong("type", (object as Secret).type, "field is immutable"));
  }
  if ((kind.resource === "secrets" || kind.resource === "configmaps") && (old as Secret).immutable === true) {
    if (!same((object as Secret).data, (old as Secret).data)) {
      errors.push({
        field: "data",
        reason: "FieldValueInvalid",
        message: "Forbidden: field is immutable when `immutable` is set",
      });
    }
  }
  if (kind.resource === "pods" && !same(frozenPodSpec(object), frozenPodSpec(old))) {
    errors.push({
      field: "spec",
      reason: "FieldValueInvalid",
      message:
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    });
  }
  return errors;
}

function frozenPodSpec(pod: KubeObject): JsonMap {
  const spec = structuredClone(asJson(pod)["spec"]);
  if (!isMap(spec)) return {};
  delete spec["nodeName"];
  delete spec["tolerations"];
  for (const list of [spec["containers"], spec["initContainers"]]) {
    for (const container of Array.isArray(list) ? list : []) if (isMap(container)) delete container["image"];
  }
  return spec;
}

function nameErrors(kind: Kind, { metadata }: KubeObject): FieldError[] {
  if (!metadata.name) return [required("metadata.name", "name or generateName is required")];
  if (kind.group === "rbac.authorization.k8s.io") return [];
  if (kind.resource === "services" && !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(metadata.name)) {
    return [wrong("metadata.name", metadata.name, wording.serviceLabel)];
  }
  if (kind.resource === "namespaces" || kind.resource === "services") {
    if (metadata.name.length > 63) return [wrong("metadata.name", metadata.name, "must be no more than 63 characters")];
    if (!label.test(metadata.name)) return [wrong("metadata.name", metadata.name, wording.label)];
  }
  if (!subdomain.test(metadata.name)) return [wrong("metadata.name", metadata.name, wording.subdomain)];
  return metadata.name.length > 253
    ? [wrong("metadata.name", metadata.name, "must be no more than 253 characters")]
    : [];
}

function metaErrors({ metadata }: KubeObject): FieldError[] {
  const errors: FieldError[] = labelErrors("metadata.labels", metadata.labels);
  const size = Object.entries(metadata.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    0,
  );
  if (size > 262_144) {
    errors.push({
      field: "metadata.annotations",
      reason: "FieldValueInvalid",
      message: "Too long: may not be more than 262144 bytes",
    });
  }
  return errors;
}

function labelErrors(field: string, labels: Readonly<Record<string, string>> = {}): FieldError[] {
  const errors: FieldError[] = [];
  for (const value of Object.values(labels)) {
    if (value.length > 63) errors.push(wrong(field, value, "must be no more than 63 characters"));
    if (!labelValue.test(value)) errors.push(wrong(field, value, wording.labelValue));
  }
  return errors;
}

function specErrors(kind: Kind, object: KubeObject): FieldError[] {
  switch (kind.resource) {
    case "deployments":
    case "replicasets":
      return workloadErrors(object as Deployment | ReplicaSet);
    case "pods":
      return podErrors((object as unknown as { spec?: PodSpec }).spec, "spec");
    case "services":
      return serviceErrors(object as Service);
    case "ingresses":
      return ingressErrors(object as Ingress);
    case "secrets":
      return dataErrors((object as Secret).data);
    case "configmaps":
      return dataErrors((object as Secret).data);
    default:
      return [];
  }
}

/** A Secret or ConfigMap holds 1 MiB. */
function dataErrors(data: Readonly<Record<string, string>> = {}): FieldError[] {
  const size = Object.values(data).reduce((sum, value) => sum + Math.floor((value.length * 3) / 4), 0);
  return size > 1_048_576
    ? [{ field: "data", reason: "FieldValueInvalid", message: "Too long: may not be more than 1048576 bytes" }]
    : [];
}

function workloadErrors({ spec }: Deployment | ReplicaSet): FieldError[] {
  if (!spec?.selector) return [required("spec.selector")];
  const errors: FieldError[] = [];
  if (spec.replicas < 0) errors.push(wrong("spec.replicas", spec.replicas, "must be greater than or equal to 0"));
  const template: PodTemplate | undefined = spec.template;
  const labels = template?.metadata?.labels ?? {};
  if (!selects(spec.selector, labels)) {
    errors.push(wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
  }
  errors.push(...labelErrors("spec.template.labels", labels));
  errors.push(...podErrors(template?.spec, "spec.template.spec"));
  return errors;
}

function podErrors(spec: PodSpec | undefined, field: string): FieldError[] {
  if (!spec?.containers?.length) return [required(`${field}.containers`)];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const list of ["initContainers", "containers"] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const at = `${field}.${list}[${index}]`;
      if (seen.has(container.name)) {
        errors.push({
          field: `${at}.name`,
          reason: "FieldValueDuplicate",
          message: `Duplicate value: ${JSON.stringify(container.name)}`,
        });
      }
      seen.add(container.name);
      errors.push(...containerErrors(container, at, new Set((spec.volumes ?? []).map((volume) => volume.name))));
    }
  }
  return errors;
}

function containerErrors(container: Container, field: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  if (!container.name) errors.push(required(`${field}.name`));
  else if (!label.test(container.name)) errors.push(wrong(`${field}.name`, container.name, wording.label));
  if (!container.image) errors.push(required(`${field}.image`));
  const { limits = {}, requests = {} } = container.resources ?? {};
  for (const [name, request] of Object.entries(requests)) {
    const limit = limits[name];
    if (name.includes("/") && quantityOf(limit) !== quantityOf(request)) {
      errors.push(
        limit === undefined
          ? required(`${field}.resources.limits`, "Limit must be set for non overcommitable resources")
          : wrong(`${field}.resources.requests`, request, `must be equal to ${name} limit of ${limit}`),
      );
    } else if (limit !== undefined && quantityOf(request) > quantityOf(limit)) {
      errors.push(
        wrong(`${field}.resources.requests`, request, `must be less than or equal to ${name} limit of ${limit}`),
      );
    }
  }
  for (const [index, mount] of mountsOf(container).entries()) {
    if (!volumes.has(mount.name)) {
      errors.push({
        field: `${field}.volumeMounts[${index}].name`,
        reason: "FieldValueInvalid",
        message: `Not found: ${JSON.stringify(mount.name)}`,
      });
    }
  }
  return errors;
}

function mountsOf(container: Container): readonly { name: string }[] {
  return (container as { volumeMounts?: { name: string }[] }).volumeMounts ?? [];
}

function serviceErrors({ spec }: Service): FieldError[] {
  const ports = spec?.ports ?? [];
  if (ports.length === 0) return spec?.clusterIP === "None" ? [] : [required("spec.ports")];
  return ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`;
    if (ports.length > 1 && !port.name) return [required(`${at}.name`)];
    return port.port >= 1 && port.port <= 65_535
      ? []
      : [wrong(`${at}.port`, port.port, "must be between 1 and 65535, inclusive")];
  });
}

function ingressErrors({ spec }: Ingress): FieldError[] {
  if (!spec?.rules?.length && !spec?.defaultBackend) {
    return [wrong("spec", spec ?? {}, "either `defaultBackend` or `rules` must be specified")];
  }
  return (spec.rules ?? []).flatMap((rule, index) => {
    const at = `spec.rules[${index}]`;
    const errors: FieldError[] = [];
    if (rule.host !== undefined && !subdomain.test(rule.host.replace(/^\*\./, ""))) {
      errors.push(wrong(`${at}.host`, rule.host, wording.subdomain));
    }
    for (const [number, path] of (rule.http?.paths ?? []).entries()) {
      if (!path.pathType) errors.push(required(`${at}.http.paths[${number}].pathType`, "pathType must be specified"));
      if (!path.backend?.service?.name)
        errors.push(required(`${at}.http.paths[${number}].backend`, "name must be specified"));
    }
    return errors;
  });
}
