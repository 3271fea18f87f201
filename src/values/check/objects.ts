import type { Finding } from "../../action/context.ts";
import type { RenderedObject } from "../helm-template.ts";
import { type Values, valueAt } from "../merge.ts";
import { isMap } from "../model.ts";
import { fullName, type RenderedModel } from "../render.ts";
import { type Host, hostsOf } from "./hosts.ts";

const roleAnnotation = "eks.amazonaws.com/role-arn";

/** Whether what helm renders is what the guide describes: a Deployment, Service and Ingress per model, its host, its GPUs, the role, the key. */
export function objectFindings(
  objects: readonly RenderedObject[],
  models: readonly RenderedModel[],
  values: Values,
  identity: Values,
): readonly Finding[] {
  const prefix = String(valueAt(values, "fullnameOverride") || fullName);
  const find = (kind: string, name: string) =>
    objects.find((object) => object["kind"] === kind && valueAt(object, "metadata", "name") === name);
  const hosts = hostsOf(values);
  const complaints = models.flatMap((model) => {
    const name = `${prefix}-${model.key}`;
    const missing = ["Deployment", "Service", "Ingress"].filter((kind) => !find(kind, name));
    if (missing.length > 0) return [`renders no ${missing.join(" and no ")} ${name}`];
    const deployment = find("Deployment", name)!;
    return [
      ...hostComplaints(find("Ingress", name)!, name, model.key, hosts),
      ...gpuComplaints(deployment, name, model.gpus),
      ...keyComplaints(deployment, name, values),
      ...accountComplaints(deployment, name, identity),
    ];
  });
  return [...complaints, ...roleComplaints(objects, values)].map((complaint) => ({
    code: "VALUES_CHART_FAILS",
    level: "error",
    happened: `The chart ${complaint}.`,
    next: "Use the standalone chart inference of the bundle; values must not take away what it needs.",
  }));
}

function hostComplaints(ingress: RenderedObject, name: string, key: string, hosts: readonly Host[]): readonly string[] {
  const rules = valueAt(ingress, "spec", "rules");
  const there = (Array.isArray(rules) ? rules : []).map((rule) => valueAt(rule, "host"));
  return hosts
    .filter(({ path, host }) => path[1] === key && !there.includes(host))
    .map(({ host }) => `renders the Ingress ${name} without the host ${host}`);
}

function gpuComplaints(deployment: RenderedObject, name: string, gpus: number): readonly string[] {
  const asked = containersOf(deployment).map((container) =>
    Number(valueAt(container, "resources", "limits", "nvidia.com/gpu") ?? 0),
  );
  const sum = asked.reduce((total, some) => total + some, 0);
  return sum === gpus ? [] : [`renders the Deployment ${name} with ${sum} GPUs instead of ${gpus}`];
}

function keyComplaints(deployment: RenderedObject, name: string, values: Values): readonly string[] {
  const secret = valueAt(values, "authentication", "secretName");
  if (typeof secret !== "string" || secret === "") return [];
  return mentions(containersOf(deployment), secret)
    ? []
    : [`renders the Deployment ${name} without the Secret ${secret}`];
}

/** A pod of another account than the one that the role trusts is denied the bucket, long after everything looked well. */
function accountComplaints(deployment: RenderedObject, name: string, identity: Values): readonly string[] {
  if (!isMap(identity["serviceAccount"])) return [];
  const trusted = valueAt(identity, "serviceAccount", "name") ?? fullName;
  const used = valueAt(deployment, "spec", "template", "spec", "serviceAccountName");
  return used === trusted
    ? []
    : [`renders the Deployment ${name} with the service account ${String(used)}; the role trusts ${String(trusted)}`];
}

function roleComplaints(objects: readonly RenderedObject[], values: Values): readonly string[] {
  const role = valueAt(values, "serviceAccount", "annotations", roleAnnotation);
  if (role === undefined || valueAt(values, "serviceAccount", "create") !== true) return [];
  const accounts = objects.filter((object) => object["kind"] === "ServiceAccount");
  const there = accounts.some((account) => valueAt(account, "metadata", "annotations", roleAnnotation) === role);
  return there ? [] : ["renders no ServiceAccount with the role's annotation"];
}

function containersOf(deployment: RenderedObject): readonly unknown[] {
  const containers = valueAt(deployment, "spec", "template", "spec", "containers");
  return Array.isArray(containers) ? containers : [];
}

function mentions(value: unknown, text: string): boolean {
  if (Array.isArray(value)) return value.some((item) => mentions(item, text));
  return isMap(value) ? Object.values(value).some((item) => mentions(item, text)) : value === text;
}
