import type { Kind } from "./kinds.ts";
import { apiVersionOf, kinds } from "./kinds.ts";
import type { JsonMap } from "./objects.ts";
import { noSuchResource } from "./status.ts";

const objectVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Kinds of subresources that are not their parent's. */
const subresourceKinds: Readonly<Record<string, { group: string; version: string; kind: string }>> = {
  scale: { group: "autoscaling", version: "v1", kind: "Scale" },
};

function groups(): Map<string, Kind[]> {
  const found = new Map<string, Kind[]>();
  for (const kind of kinds) found.set(kind.group, [...(found.get(kind.group) ?? []), kind]);
  return found;
}

/** `GET /api` and `GET /apis`; `aggregated` for clients that ask for `apidiscovery.k8s.io/v2`. */
export function groupList(path: "/api" | "/apis", aggregated: boolean): JsonMap {
  const mine = [...groups()].filter(([group]) => (group === "") === (path === "/api"));
  if (aggregated) {
    return {
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: mine.map(([group, list]) => aggregatedGroup(group, list)),
    };
  }
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  return { kind: "APIGroupList", apiVersion: "v1", groups: mine.map(([group]) => legacyGroup(group)) };
}

function legacyGroup(group: string): JsonMap {
  const [kind] = groups().get(group) ?? [];
  if (!kind) throw noSuchResource();
  const version = { groupVersion: apiVersionOf(kind), version: kind.version };
  return { name: group, versions: [version], preferredVersion: version };
}

/** `GET /apis/<group>`. */
export function apiGroup(group: string): JsonMap {
  return { kind: "APIGroup", apiVersion: "v1", ...legacyGroup(group) };
}

/** `GET /api/v1` and `GET /apis/<group>/<version>`. */
export function resourceList(group: string, version: string): JsonMap {
  const mine = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (mine.length === 0) throw noSuchResource();
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: group === "" ? version : `${group}/${version}`,
    resources: mine.flatMap((kind) => [
      {
        name: kind.resource,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.virtual ? ["create"] : objectVerbs,
        ...(kind.shortNames.length > 0 ? { shortNames: [...kind.shortNames] } : {}),
        ...(kind.categories.length > 0 ? { categories: [...kind.categories] } : {}),
      },
      ...kind.subresources.map((name) => ({
        name: `${kind.resource}/${name}`,
        singularName: "",
        namespaced: kind.namespaced,
        ...(subresourceKinds[name] ?? { kind: kind.kind }),
        verbs: subresourceVerbs(name),
      })),
    ]),
  };
}

function subresourceVerbs(name: string): string[] {
  if (name === "log") return ["get"];
  return name === "finalize" ? ["update"] : ["get", "patch", "update"];
}

function aggregatedGroup(group: string, list: readonly Kind[]): JsonMap {
  const version = list[0]?.version ?? "v1";
  return {
    metadata: { name: group, creationTimestamp: null },
    versions: [
      {
        version,
        freshness: "Current",
        resources: list.map((kind) => ({
          resource: kind.resource,
          responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
          scope: kind.namespaced ? "Namespaced" : "Cluster",
          singularResource: kind.singular,
          verbs: kind.virtual ? ["create"] : objectVerbs,
          shortNames: [...kind.shortNames],
          categories: [...kind.categories],
          subresources: kind.subresources.map((name) => ({
            subresource: name,
            responseKind: subresourceKinds[name] ?? { group: kind.group, version: kind.version, kind: kind.kind },
            verbs: subresourceVerbs(name),
          })),
        })),
      },
    ],
  };
}

/** `GET /openapi/v3`: one document a group and version. */
export function openApiIndex(): JsonMap {
  const paths = new Set(kinds.map(pathOf));
  return {
    paths: Object.fromEntries([...paths].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=1` }])),
  };
}

function pathOf(kind: Kind): string {
  return kind.group === "" ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
}

/** `GET /openapi/v3/<group path>`: the operations and their parameters; clients look there whether the server validates fields itself. */
export function openApiDocument(path: string): JsonMap {
  const mine = kinds.filter((kind) => pathOf(kind) === path);
  if (mine.length === 0) throw noSuchResource();
  const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
    name,
    in: "query",
    schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
  }));
  const paths: JsonMap = {};
  const schemas: JsonMap = {};
  for (const kind of mine) {
    const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
    const base = `/${path}/${kind.namespaced ? "namespaces/{namespace}/" : ""}${kind.resource}`;
    const operation = (action: string) => ({
      "x-kubernetes-action": action,
      "x-kubernetes-group-version-kind": gvk,
      parameters,
      responses: {},
    });
    paths[base] = { get: operation("list"), post: operation("post") };
    if (!kind.virtual)
      paths[`${base}/{name}`] = {
        get: operation("get"),
        put: operation("put"),
        patch: operation("patch"),
        delete: operation("delete"),
      };
    schemas[`${kind.group || "core"}.${kind.version}.${kind.kind}`] = {
      type: "object",
      "x-kubernetes-group-version-kind": [gvk],
    };
  }
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "unversioned" }, paths, components: { schemas } };
}
