import type { Answer, Call } from "../http.ts";
import type { Api } from "./api.ts";
import type { Authorizer, Identity } from "./auth.ts";
import { decode } from "./decode.ts";
import type { Kind } from "./kinds.ts";
import { apiVersionOf, findKind, findResource } from "./kinds.ts";
import { listObjects } from "./list.ts";
import type { LogBook } from "./logs.ts";
import { logStream } from "./logs.ts";
import type { Json, JsonMap, KubeObject } from "./objects.ts";
import { asJson, isMap } from "./objects.ts";
import type { Route } from "./route.ts";
import { applyScale, scaleOf } from "./scale.ts";
import type { Predicate } from "./selectors.ts";
import { fieldPredicate, labelPredicate } from "./selectors.ts";
import { ApiError, badRequest, methodNotAllowed } from "./status.ts";
import { tableOf } from "./table.ts";
import type { Pod } from "./types.ts";
import { watchStream } from "./watch.ts";
import { bodyOf, contentType, deleteOptions, json, patched, wantsTable, writerOf } from "./wire.ts";

/** Answers requests for resources: what lies between the wire and the registry. */
export class Rest {
  private readonly api: Api;
  private readonly authorizer: Authorizer;
  private readonly logs: LogBook;
  private readonly now: () => number;

  constructor(api: Api, authorizer: Authorizer, logs: LogBook, now: () => number) {
    this.api = api;
    this.authorizer = authorizer;
    this.logs = logs;
    this.now = now;
  }

  async answer(call: Call, route: Route, identity: Identity): Promise<Answer> {
    const { kind, namespace, name, verb, subresource } = route;
    const named = verb === "create" ? undefined : name;
    this.authorizer.require(identity, {
      verb,
      kind,
      ...(namespace === undefined ? {} : { namespace }),
      ...(kind.resource === "namespaces" && name !== undefined ? { namespace: name } : {}),
      ...(named === undefined ? {} : { name: named }),
      ...(subresource === undefined ? {} : { subresource }),
    });
    switch (verb) {
      case "get":
        return this.read(call, route);
      case "list":
        return this.list(call, route);
      case "watch":
        return this.watch(call, route);
      case "create":
        return this.create(call, route, identity);
      case "update":
      case "patch":
        return this.write(call, route, identity);
      case "delete":
      case "deletecollection":
        return this.delete(call, route, identity);
      default:
        throw methodNotAllowed();
    }
  }

  private read(call: Call, { kind, namespace, name, subresource }: Route): Answer {
    const object = this.api.get(kind, namespace, name ?? "");
    if (subresource === "log") {
      const body = logStream(this.logs, object as Pod, call, this.now());
      return { status: 200, headers: { "content-type": "text/plain" }, body };
    }
    if (subresource === "scale") return json(200, scaleOf(object));
    return json(200, this.present(call, kind, [object], { resourceVersion: object.metadata.resourceVersion }, object));
  }

  private list(call: Call, { kind, namespace }: Route): Answer {
    const { items, metadata } = listObjects(this.api.store, kind, namespace, predicate(kind, call.query), call.query);
    const list = {
      kind: `${kind.kind}List`,
      apiVersion: apiVersionOf(kind),
      metadata,
      // Items of a list carry no apiVersion and kind of their own.
      items: items.map(({ apiVersion: _, kind: __, ...item }) => item),
    };
    return json(200, wantsTable(call) ? tableOf(kind, items, metadata, this.now()) : list);
  }

  private watch(call: Call, { kind, namespace, name }: Route): Answer {
    const chosen = predicate(kind, call.query);
    const matches: Predicate =
      name === undefined ? chosen : (object) => object.metadata.name === name && chosen(object);
    let header = true;
    const present = (object: KubeObject) => {
      if (!wantsTable(call)) return object;
      const table = tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion }, this.now(), header);
      header = false;
      return table;
    };
    const body = watchStream(this.api.store, { kind, namespace, matches, present }, call);
    return { status: 200, headers: { "content-type": "application/json;stream=watch" }, body };
  }

  private async create(call: Call, route: Route, identity: Identity): Promise<Answer> {
    const { kind, namespace, name } = route;
    if (name !== undefined) throw methodNotAllowed();
    const { object, warnings } = this.decoded(kind, await bodyOf(call), call.query, namespace);
    if (kind.virtual) return json(201, this.review(kind, object, identity));
    return json(201, this.api.create(kind, namespace, object, writerOf(call, identity)), warnings);
  }

  private async write(call: Call, route: Route, identity: Identity): Promise<Answer> {
    const { kind, namespace, name = "", subresource } = route;
    if (subresource === "log") throw methodNotAllowed();
    const body = await bodyOf(call);
    const type = contentType(call);
    const writer = writerOf(call, identity, subresource === "finalize" ? undefined : subresource);
    if (subresource === "scale") {
      const object = this.api.get(kind, namespace, name);
      const scale = route.verb === "patch" ? patched(type, undefined, scaleOf(object), body) : body;
      return json(
        200,
        scaleOf(this.api.replace(kind, namespace, name, applyScale(object, scale), writerOf(call, identity))),
      );
    }
    if (route.verb === "patch" && type.startsWith("application/apply-patch")) {
      if (!call.query.has("fieldManager"))
        throw badRequest(
          'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        );
      const { object, warnings } = this.decoded(kind, body, call.query, namespace, name, true);
      const done = this.api.apply(kind, namespace, name, object, writer, call.query.get("force") === "true");
      return json(done.created ? 201 : 200, done.object, warnings);
    }
    const current = this.api.get(kind, namespace, name);
    const next = route.verb === "patch" ? patched(type, kind, asJson(current), body) : body;
    const { object, warnings } = this.decoded(kind, next, call.query, namespace, name);
    return json(200, this.api.replace(kind, namespace, name, object, writer), warnings);
  }

  private async delete(call: Call, route: Route, identity: Identity): Promise<Answer> {
    const { kind, namespace, name, subresource } = route;
    if (subresource !== undefined) throw methodNotAllowed();
    const body = await bodyOf(call);
    const options = deleteOptions(isMap(body) ? body : {}, call.query);
    const writer = writerOf(call, identity);
    const dryRun = writer.dryRun || (isMap(body) && Array.isArray(body["dryRun"]) && body["dryRun"].includes("All"));
    if (name === undefined) {
      const { items, metadata } = listObjects(
        this.api.store,
        kind,
        namespace,
        predicate(kind, call.query),
        new URLSearchParams(),
      );
      for (const item of items) this.api.delete(kind, item, options, { ...writer, dryRun });
      return json(200, {
        kind: `${kind.kind}List`,
        apiVersion: apiVersionOf(kind),
        metadata,
        items: items.map(asJson),
      });
    }
    const done = this.api.delete(kind, this.api.get(kind, namespace, name), options, { ...writer, dryRun });
    if (!done.gone || kind.resource === "pods") return json(200, done.object);
    const details = {
      name,
      ...(kind.group ? { group: kind.group } : {}),
      kind: kind.resource,
      uid: done.object.metadata.uid,
    };
    return json(200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details });
  }

  private present(call: Call, kind: Kind, objects: readonly KubeObject[], list: JsonMap, single: KubeObject): unknown {
    return wantsTable(call) ? tableOf(kind, objects, list, this.now()) : single;
  }

  /** Decodes under the caller's `fieldValidation`: Strict refuses unknown fields, Warn (the default) names them in warnings. */
  private decoded(
    kind: Kind,
    body: Json,
    query: URLSearchParams,
    namespace: string | undefined,
    name?: string,
    typed = false,
  ): { object: JsonMap; warnings: readonly string[] } {
    if (
      isMap(body) &&
      typeof body["kind"] === "string" &&
      typeof body["apiVersion"] === "string" &&
      !findKind(body["apiVersion"], body["kind"])
    ) {
      throw badRequest(
        `no kind "${body["kind"]}" is registered for version "${body["apiVersion"]}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
      );
    }
    const { object, unknown } = decode(kind, body);
    const validation = query.get("fieldValidation") ?? "Warn";
    const named = unknown.map((path) => `unknown field "${path}"`);
    const metadata = isMap(object["metadata"]) ? object["metadata"] : {};
    if (typed && unknown[0] !== undefined) {
      const subject = `${namespace === undefined ? "" : `${namespace}/`}${name}; ${apiVersionOf(kind)}, Kind=${kind.kind}`;
      throw new ApiError(
        500,
        "InternalError",
        `failed to create typed patch object (${subject}): .${unknown[0]}: field not declared in schema`,
      );
    }
    if (validation === "Strict" && named.length > 0) {
      throw badRequest(
        `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${named.join(", ")}`,
      );
    }
    if (metadata["namespace"] !== undefined && namespace !== undefined && metadata["namespace"] !== namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
    if (name !== undefined && metadata["name"] !== undefined && metadata["name"] !== name) {
      throw badRequest(
        `the name of the object (${String(metadata["name"])}) does not match the name on the URL (${name})`,
      );
    }
    return { object, warnings: validation === "Warn" ? named : [] };
  }

  private review(kind: Kind, object: JsonMap, identity: Identity): JsonMap {
    const metadata = { creationTimestamp: null };
    if (kind.resource === "selfsubjectreviews") {
      return { ...object, metadata, status: { userInfo: { username: identity.user, groups: [...identity.groups] } } };
    }
    const spec = isMap(object["spec"]) ? object["spec"] : {};
    const wanted = (isMap(spec["resourceAttributes"]) ? spec["resourceAttributes"] : {}) as Record<
      string,
      string | undefined
    >;
    const group = wanted["group"] ?? "";
    const [resource = "", inPath] = (wanted["resource"] ?? "").split("/");
    const subresource = wanted["subresource"] ?? inPath;
    const target = ["v1", "v2", "v1beta1"]
      .map((version) => findResource(group, version, resource))
      .find((found) => found !== undefined);
    const asked = {
      verb: wanted["verb"] ?? "",
      ...(subresource ? { subresource } : {}),
      ...(wanted["namespace"] ? { namespace: wanted["namespace"] } : {}),
      ...(wanted["name"] ? { name: wanted["name"] } : {}),
    };
    const unknown = { group, version: "", resource } as Kind;
    const allowed = this.authorizer.allows(identity, { ...asked, kind: target ?? unknown });
    return { ...object, metadata, status: { allowed } };
  }
}

function predicate(kind: Kind, query: URLSearchParams): Predicate {
  const labels = labelPredicate(query.get("labelSelector") ?? "");
  const fields = fieldPredicate(query.get("fieldSelector") ?? "", kind.resource);
  return (object) => labels(object) && fields(object);
}
