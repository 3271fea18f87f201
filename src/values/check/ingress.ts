import { isIP } from "node:net";
import type { Finding } from "../../action/context.ts";
import { nearest } from "../../nearest.ts";
import { alb } from "../annotations.ts";
import { type Values, valueAt } from "../merge.ts";
import { isMap } from "../model.ts";
import type { Places } from "../places.ts";
import { isKnownAnnotation, knownAnnotations } from "./known-annotations.ts";

/** Default certificate and 25 more. */
const mostCertificates = 26;

/** A listener of the load balancer. */
export interface Listener {
  readonly protocol: "HTTP" | "HTTPS";
  readonly port: number;
}

/** The rules of the load balancer controller for the annotations of the values; one bad Ingress stops the whole group. */
export function ingressFindings(values: Values, places: Places): readonly Finding[] {
  const annotations = valueAt(values, "ingress", "annotations");
  if (!isMap(annotations)) return [];
  const text = (name: string) => {
    const value = annotations[alb + name];
    return value === undefined || value === null ? undefined : String(value);
  };
  const wrong: (readonly [string, string])[] = [];
  for (const [name, rule] of Object.entries(rules)) {
    const value = text(name);
    const complaint = value === undefined ? undefined : rule(value, text);
    if (complaint) wrong.push([name, complaint]);
  }
  return [
    ...wrong.map(([name, complaint]) => ({
      code: "VALUES_INGRESS_INVALID",
      level: "error" as const,
      happened: `The annotation ${alb}${name} ${complaint}.`,
      next: "Correct it: one Ingress that its controller refuses stops all of its group.",
      at: places(["ingress", "annotations", alb + name]),
    })),
    ...Object.keys(annotations).flatMap((name) => unknown(name, places)),
  ];
}

type Text = (name: string) => string | undefined;

/** What is wrong with an annotation's value; by name. */
const rules: Readonly<Record<string, (value: string, text: Text) => string | undefined>> = {
  scheme: (value) =>
    ["internal", "internet-facing"].includes(value)
      ? undefined
      : `must be internal or internet-facing; it is "${value}"`,
  "target-type": (value) =>
    ["ip", "instance"].includes(value) ? undefined : `must be ip or instance; it is "${value}"`,
  "group.name": (value) =>
    value.length <= 63 && /^([a-z0-9][-a-z0-9.]*)?[a-z0-9]$/.test(value)
      ? undefined
      : `must be lower-case letters, digits, "-" and ".", at most 63; it is "${value}"`,
  "group.order": (value) =>
    /^-?\d+$/.test(value) && Math.abs(Number(value)) <= 1000
      ? undefined
      : `must be from -1000 to 1000; it is "${value}"`,
  "listen-ports": (value) =>
    listenersOf(value) ? undefined : `must be a list such as [{"HTTP":80},{"HTTPS":443}]; it is ${value}`,
  "ssl-redirect": (value, text) => {
    const listeners = listenersOf(text("listen-ports") ?? '[{"HTTPS":443}]');
    const there = !listeners || listeners.some(({ protocol, port }) => protocol === "HTTPS" && String(port) === value);
    return there ? undefined : `is ${value}, but listen-ports has no HTTPS listener on that port`;
  },
  "certificate-arn": (value) => {
    const count = value.split(",").length;
    return count <= mostCertificates ? undefined : `names ${count} certificates; a listener takes ${mostCertificates}`;
  },
  "inbound-cidrs": (value) => {
    const bad = value.split(",").find((cidr) => !isCidr(cidr.trim()));
    return bad === undefined ? undefined : `holds "${bad.trim()}", which is no network such as 10.0.0.0/8`;
  },
};

/** Reads `listen-ports`; undefined where it is not what the controller takes. */
export function listenersOf(value: string): readonly Listener[] | undefined {
  let data: unknown;
  try {
    data = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (!Array.isArray(data) || data.length === 0) return undefined;
  const listeners: Listener[] = [];
  for (const item of data) {
    for (const [protocol, port] of Object.entries(isMap(item) ? item : { "": 0 })) {
      if (protocol !== "HTTP" && protocol !== "HTTPS") return undefined;
      if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65535) return undefined;
      listeners.push({ protocol, port });
    }
  }
  return listeners;
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...rest] = text.split("/");
  const family = isIP(address);
  return rest.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

function unknown(name: string, places: Places): readonly Finding[] {
  if (!name.startsWith(alb) || isKnownAnnotation(name.slice(alb.length))) return [];
  const near = nearest(name.slice(alb.length), knownAnnotations);
  return [
    {
      code: "VALUES_ANNOTATION_UNKNOWN",
      level: "warning",
      happened: `The load balancer controller knows no annotation ${name}; it would ignore it.`,
      next: near ? `Did you mean ${alb}${near}?` : "Compare it with the controller's documentation.",
      at: places(["ingress", "annotations", name]),
    },
  ];
}
