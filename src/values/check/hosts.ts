import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import type { Finding } from "../../action/context.ts";
import type { Values } from "../merge.ts";
import { valueAt } from "../merge.ts";
import { isMap } from "../model.ts";
import type { Places } from "../places.ts";

/** A host name and who has it. */
export interface Host {
  readonly host: string;
  /** `the model laguna-m`, `the documentation site`. */
  readonly owner: string;
  /** Path in the values. */
  readonly path: readonly string[];
}

/** An ALB has 100 rules; every host takes one. */
const mostHosts = 100;
/** A host condition of an ALB rule holds at most 128 characters. */
const longest = 128;

/** Every host of the values: models, their extra hosts, the documentation site. */
export function hostsOf(values: Values): readonly Host[] {
  const models = valueAt(values, "models");
  const hosts = Object.entries(isMap(models) ? models : {}).flatMap(([key, model]) => {
    const owner = `the model ${key}`;
    const extra = valueAt(model, "extraHosts");
    return [
      { host: String(valueAt(model, "ingressHost") ?? ""), owner, path: ["models", key, "ingressHost"] },
      ...(Array.isArray(extra) ? extra : []).map((host) => ({
        host: String(host),
        owner,
        path: ["models", key, "extraHosts"],
      })),
    ];
  });
  if (valueAt(values, "docs", "enabled") !== true) return hosts;
  const host = String(valueAt(values, "docs", "ingressHost") ?? "");
  return [...hosts, { host, owner: "the documentation site", path: ["docs", "ingressHost"] }];
}

/** Names that are no DNS names, and names that two have, whatever their case or trailing dot. */
export function hostFindings(hosts: readonly Host[], places: Places): readonly Finding[] {
  const findings = hosts.flatMap((host) => nameFinding(host, places));
  const owners = new Map<string, Host>();
  for (const host of hosts) {
    const name = normalHost(host.host);
    const other = owners.get(name);
    if (name !== "" && other) {
      findings.push({
        code: "VALUES_HOST_TWICE",
        level: "error",
        happened: `The host ${name} belongs to ${other.owner} and again to ${host.owner}.`,
        next: "Give each its own host name: requests are routed by it.",
        at: places(host.path),
      });
    } else owners.set(name, host);
  }
  if (hosts.length > mostHosts) {
    findings.push({
      code: "VALUES_INGRESS_INVALID",
      level: "error",
      happened: `There are ${hosts.length} hosts; a load balancer takes ${mostHosts} rules.`,
      next: "Split the models over releases with load balancer groups of their own (ingress.groupName).",
    });
  }
  return findings;
}

/** Lower case, without the dot at the end. */
export function normalHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, "");
}

function nameFinding(host: Host, places: Places): Finding[] {
  const what = wrongWith(host.host);
  if (!what) return [];
  const better = domainToASCII(normalHost(host.host.trim()));
  const next =
    better !== "" && better !== host.host && !wrongWith(better)
      ? `Write ${better}.`
      : "Write a DNS name such as laguna-m.example.com.";
  return [
    {
      code: "VALUES_HOST_INVALID",
      level: "error",
      happened: `The host "${host.host}" of ${host.owner} ${what}.`,
      next,
      at: places(host.path),
    },
  ];
}

function wrongWith(host: string): string | undefined {
  if (host === "") return "is empty";
  if (host.length > longest) return `has more than ${longest} characters`;
  if (isIP(host) !== 0) return "is an address, not a name";
  if (host.includes("*")) return "is a wildcard; each model has one name of its own";
  const labels = host.split(".");
  if (labels.length < 2) return "has one label only; it needs a domain";
  const bad = labels.find((label) => !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label));
  if (bad === undefined) return /^\d+$/.test(labels.at(-1)!) ? "ends with a number" : undefined;
  return bad === "" ? "has an empty label" : `has the label "${bad}", which is no lower-case DNS label`;
}
