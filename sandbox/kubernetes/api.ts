import { randomUUID } from "node:crypto";
import type { Admission } from "./admission.ts";
import { setDefaults } from "./defaults.ts";
import type { Kind } from "./kinds.ts";
import { kindOf } from "./kinds.ts";
import type { Manager } from "./managed.ts";
import { trackUpdate } from "./managed.ts";
import { randomSuffix } from "./names.ts";
import type { JsonMap, KubeObject } from "./objects.ts";
import { asJson, asObject, copyOf, same, timestamp } from "./objects.ts";
import { serverSideApply } from "./patch/apply.ts";
import { shapeOf } from "./schema.ts";
import { alreadyExists, invalid, notFound } from "./status.ts";
import type { Store } from "./store.ts";
import type { Pod, Service } from "./types.ts";
import { checkPreconditions, content, graceOf, isolate, keepIdentity } from "./update-rules.ts";
import { validateCreate, validateUpdate } from "./validate.ts";

/** Who writes, under which field manager, to which subresource. */
export interface Writer {
  readonly user: string;
  readonly manager: string;
  readonly dryRun?: boolean;
  readonly subresource?: string;
}

export interface DeleteOptions {
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly graceSeconds?: number;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

const withGeneration = new Set([
  "deployments",
  "replicasets",
  "statefulsets",
  "daemonsets",
  "ingresses",
  "jobs",
  "networkpolicies",
  "pods",
  "poddisruptionbudgets",
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
]);
/** Status given at creation counts for these; elsewhere it is dropped. */
const statusAtCreate = new Set(["nodes", "namespaces"]);

/** The registry: every write, by clients and controllers alike, goes through defaulting, admission, validation and field tracking here. */
export class Api {
  readonly store: Store;
  readonly admission: Admission;
  private readonly now: () => number;
  private lastClusterIp = 10;

  constructor(store: Store, admission: Admission, now: () => number) {
    this.store = store;
    this.admission = admission;
    this.now = now;
  }

  time(): string {
    return timestamp(this.now());
  }

  get<T extends KubeObject = KubeObject>(kind: Kind, namespace: string | undefined, name: string): T {
    const object = this.store.get<T>(kind.resource, namespace, name);
    if (!object) throw notFound(kind, name);
    return object;
  }

  /** Creates the decoded object. */
  create(kind: Kind, namespace: string | undefined, decoded: JsonMap, writer: Writer): KubeObject {
    const object = this.prepare(kind, namespace, decoded);
    const tracked = trackUpdate(shapeOf(kind), undefined, object, managerOf(writer, "Update"), this.time());
    return this.insert(kind, object, tracked, writer);
  }

  /** Replaces the object (PUT, or what a patch made of it); a resourceVersion in it must be the stored one. */
  replace(kind: Kind, namespace: string | undefined, name: string, decoded: JsonMap, writer: Writer): KubeObject {
    const old = this.get(kind, namespace, name);
    const next = asObject(copyOf(decoded));
    next.metadata ??= copyOf(old.metadata);
    checkPreconditions(kind, old, next.metadata);
    if (kind.resource === "leases" && !next.metadata.resourceVersion) {
      throw invalid(kind, name, [
        {
          field: "metadata.resourceVersion",
          reason: "FieldValueInvalid",
          message: "Invalid value: 0: must be specified for an update",
        },
      ]);
    }
    return this.update(kind, old, next, writer, "Update");
  }

  /** A controller's change: `change` edits a copy of the live object. Nothing is written when nothing changes. */
  modify<T extends KubeObject>(
    resource: string,
    object: KubeObject,
    change: (draft: T) => void,
    writer: Writer,
  ): T | undefined {
    const live = this.store.get<T>(resource, object.metadata.namespace, object.metadata.name);
    if (!live || live.metadata.uid !== object.metadata.uid) return undefined;
    const draft = copyOf(live);
    change(draft);
    // Probes ask again and again and mostly change nothing: that costs no bookkeeping of fields.
    if (same(draft, live)) return live;
    return this.update(kindOf(resource), live, draft, writer, "Update") as T;
  }

  /** Server-side apply; creates the object where it is missing. */
  apply(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    applied: JsonMap,
    writer: Writer,
    force: boolean,
  ): { object: KubeObject; created: boolean } {
    const live = this.store.get(kind.resource, namespace, name);
    if (!live && writer.subresource) throw notFound(kind, name);
    const next = serverSideApply({
      kind,
      shape: shapeOf(kind),
      live,
      applied,
      manager: managerOf(writer, "Apply"),
      force,
      time: this.time(),
    });
    if (live) {
      checkPreconditions(kind, live, asObject(applied).metadata ?? {});
      return { object: this.update(kind, live, next, writer, "Apply"), created: false };
    }
    const { managedFields } = next.metadata;
    const object = this.prepare(kind, namespace, asJson(next));
    object.metadata.name ||= name;
    return { object: this.insert(kind, object, managedFields, writer), created: true };
  }

  /** Deletes, or marks for deletion what has finalizers or must end gracefully. Returns the object and whether it is gone. */
  delete(
    kind: Kind,
    object: KubeObject,
    options: DeleteOptions,
    writer: Writer,
  ): { object: KubeObject; gone: boolean } {
    checkPreconditions(kind, object, { uid: options.uid, resourceVersion: options.resourceVersion });
    this.admission.admit({
      operation: "DELETE",
      kind,
      object,
      old: object,
      user: writer.user,
      dryRun: writer.dryRun === true,
    });
    if (writer.dryRun) return { object, gone: true };
    const finalizers = new Set(object.metadata.finalizers);
    if (options.propagation === "Foreground") finalizers.add("foregroundDeletion");
    if (options.propagation === "Orphan") finalizers.add("orphan");
    const grace = kind.resource === "pods" ? graceOf(object as Pod, options.graceSeconds) : 0;
    if (finalizers.size === 0 && grace === 0 && kind.resource !== "namespaces") {
      return { object: this.store.remove(kind, object), gone: true };
    }
    const marked = copyOf(object);
    if (finalizers.size > 0) marked.metadata.finalizers = [...finalizers];
    marked.metadata.deletionTimestamp ??= timestamp(this.now() + grace * 1000);
    marked.metadata.deletionGracePeriodSeconds ??= grace;
    if (kind.resource === "namespaces") (marked as { status?: unknown }).status = { phase: "Terminating" };
    return { object: same(marked, object) ? object : this.store.put(kind, marked), gone: false };
  }

  /** Takes an object out at once: what the kubelet, the garbage collector and the namespace controller do in the end. */
  purge(kind: Kind, object: KubeObject): void {
    const live = this.store.get(kind.resource, object.metadata.namespace, object.metadata.name);
    if (live?.metadata.uid === object.metadata.uid) this.store.remove(kind, live);
  }

  private prepare(kind: Kind, namespace: string | undefined, decoded: JsonMap): KubeObject {
    const object = asObject(copyOf(decoded));
    const { name, generateName, labels, annotations, finalizers, ownerReferences } = object.metadata ?? {};
    object.metadata = {
      name: name || (generateName ? `${generateName}${randomSuffix()}` : ""),
      ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
      ...(generateName ? { generateName } : {}),
      uid: randomUUID(),
      resourceVersion: "",
      ...(withGeneration.has(kind.resource) ? { generation: 1 } : {}),
      creationTimestamp: this.time(),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(ownerReferences ? { ownerReferences } : {}),
      ...(finalizers ? { finalizers } : {}),
    };
    if (kind.subresources.includes("status") && !statusAtCreate.has(kind.resource))
      delete (object as { status?: unknown }).status;
    setDefaults(kind, object);
    if (kind.resource === "services") this.assignAddress(object as Service);
    if (kind.resource === "ingresses" || kind.resource === "services") {
      (object as { status?: unknown }).status = { loadBalancer: {} };
    }
    return object;
  }

  private assignAddress({ spec }: Service): void {
    if (!spec || spec.clusterIP !== undefined || spec.type === "ExternalName") return;
    this.lastClusterIp += 1;
    spec.clusterIP = `172.20.${Math.floor(this.lastClusterIp / 250)}.${(this.lastClusterIp % 250) + 1}`;
    spec.clusterIPs = [spec.clusterIP];
  }

  private insert(
    kind: Kind,
    object: KubeObject,
    tracked: KubeObject["metadata"]["managedFields"],
    writer: Writer,
  ): KubeObject {
    const { name, namespace } = object.metadata;
    const request = { operation: "CREATE", kind, object, user: writer.user, dryRun: writer.dryRun === true } as const;
    this.admission.mutate(request);
    const errors = validateCreate(kind, object);
    if (errors.length > 0) throw invalid(kind, name, errors);
    this.admission.admit(request);
    if (this.store.get(kind.resource, namespace, name)) throw alreadyExists(kind, name);
    if (tracked) object.metadata.managedFields = tracked;
    if (!writer.dryRun) return this.store.put(kind, object);
    return object;
  }

  private update(
    kind: Kind,
    old: KubeObject,
    next: KubeObject,
    writer: Writer,
    operation: "Update" | "Apply",
  ): KubeObject {
    const object = isolate(kind, old, next, writer.subresource);
    keepIdentity(old, object);
    if (!writer.subresource) setDefaults(kind, object);
    if (kind.resource === "services") (object as Service).spec.clusterIPs ??= (old as Service).spec.clusterIPs ?? [];
    const request = {
      operation: "UPDATE",
      kind,
      object,
      old,
      user: writer.user,
      dryRun: writer.dryRun === true,
    } as const;
    if (!writer.subresource) this.admission.mutate(request);
    const errors = writer.subresource ? [] : validateUpdate(kind, object, old);
    if (errors.length > 0) throw invalid(kind, old.metadata.name, errors);
    if (!writer.subresource) this.admission.admit(request);
    if (withGeneration.has(kind.resource) && !same(content(object), content(old))) {
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    const tracked =
      operation === "Apply"
        ? next.metadata.managedFields
        : trackUpdate(shapeOf(kind), old, object, managerOf(writer, operation), this.time());
    if (tracked) object.metadata.managedFields = tracked;
    else delete object.metadata.managedFields;
    object.metadata.resourceVersion = old.metadata.resourceVersion;
    if (writer.dryRun || same(object, old)) return writer.dryRun ? object : old;
    if (object.metadata.deletionTimestamp && !object.metadata.finalizers?.length && old.metadata.finalizers?.length) {
      const podStillRuns = kind.resource === "pods" && (object.metadata.deletionGracePeriodSeconds ?? 0) > 0;
      if (!podStillRuns && kind.resource !== "namespaces") return this.store.remove(kind, object);
    }
    return this.store.put(kind, object);
  }
}

function managerOf(writer: Writer, operation: Manager["operation"]): Manager {
  return { name: writer.manager, operation, ...(writer.subresource ? { subresource: writer.subresource } : {}) };
}
