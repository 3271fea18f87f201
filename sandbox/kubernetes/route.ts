import type { Call } from "../http.ts";
import type { Operation } from "../requests.ts";
import type { Kind } from "./kinds.ts";
import { findResource } from "./kinds.ts";

/** A request for a resource, taken apart. */
export interface Route {
  readonly kind: Kind;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`: RBAC's verbs. */
  readonly verb: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const writes: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** The resource that a request is about; undefined for discovery, health and what this server has not. */
export function routeOf({ method, path, query }: Call): Route | undefined {
  const parts = path
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const [root, ...rest] = parts;
  const group = root === "apis" ? rest.shift() : root === "api" ? "" : undefined;
  const version = rest.shift();
  if (group === undefined || version === undefined) return undefined;
  let namespace: string | undefined;
  if (rest[0] === "namespaces" && rest.length > 2 && !["status", "finalize"].includes(rest[2] ?? "")) {
    namespace = rest[1];
    rest.splice(0, 2);
  }
  const [resource, name, subresource, ...more] = rest;
  const kind = resource === undefined ? undefined : findResource(group, version, resource);
  if (!kind || more.length > 0) return undefined;
  if (kind.namespaced !== (namespace !== undefined) && (name !== undefined || !kind.namespaced)) return undefined;
  if (subresource !== undefined && !kind.subresources.includes(subresource)) return undefined;
  return { kind, verb: verbOf(method, name, query), namespace, name, subresource };
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  if (method === "DELETE" && name === undefined) return "deletecollection";
  const write = writes[method];
  if (write) return write;
  if (query.get("watch") === "true" || query.get("watch") === "1") return "watch";
  return name === undefined ? "list" : "get";
}

/** The request in the words of the request log. A dry run writes nothing; reviews are questions. */
export function operationOf(call: Call, route: Route | undefined): Operation {
  if (!route) {
    return {
      service: "kubernetes",
      name: `${call.method === "GET" ? "get" : call.method} nonresource`,
      write: false,
      iam: [],
      resource: call.path,
    };
  }
  const { kind, verb, namespace, name, subresource } = route;
  const dryRun = call.query.getAll("dryRun").includes("All");
  const place = namespace === undefined ? "" : `${namespace}/`;
  return {
    service: "kubernetes",
    name: `${verb} ${kind.resource}${subresource ? `/${subresource}` : ""}`,
    write: !["get", "list", "watch"].includes(verb) && !dryRun && !kind.virtual,
    iam: [],
    resource: `${place}${name ?? ""}`.replace(/\/$/, name === undefined ? "" : "/"),
  };
}
