import type { Kind } from "./kinds.ts";
import { kindOf } from "./kinds.ts";
import { copyOf, type KubeObject } from "./objects.ts";

export interface StoreEvent {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly kind: Kind;
  readonly object: KubeObject;
  /** What stood there before; watches with selectors need it. */
  readonly previous?: KubeObject;
}

const keptEvents = 4000;

/** The cluster's state with one revision counter and a bounded history, as etcd and the watch cache keep it. Synchronous: a request's read and write are one step. */
export class Store {
  revision = 1000;
  /** Watches from an older revision are answered 410. */
  compactedTo = 0;
  private readonly tables = new Map<string, Map<string, KubeObject>>();
  private readonly history: StoreEvent[] = [];
  private readonly listeners = new Set<(event: StoreEvent) => void>();

  get<T extends KubeObject>(resource: string, namespace: string | undefined, name: string): T | undefined {
    return this.table(resource).get(key(namespace, name)) as T | undefined;
  }

  /** Objects sorted by namespace and name, as etcd's keys are. */
  list<T extends KubeObject>(resource: string, namespace?: string): T[] {
    const all = [...this.table(resource)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object as T);
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  /** Writes the object under a new resourceVersion and tells the watches. */
  put(kind: Kind, object: KubeObject): KubeObject {
    const table = this.table(kind.resource);
    const at = key(object.metadata.namespace, object.metadata.name);
    const previous = table.get(at);
    this.revision += 1;
    const stored = copyOf(object);
    stored.metadata.resourceVersion = String(this.revision);
    table.set(at, stored);
    this.tell({
      revision: this.revision,
      type: previous ? "MODIFIED" : "ADDED",
      kind,
      object: stored,
      ...(previous ? { previous } : {}),
    });
    return stored;
  }

  /** Removes the object; its last state, under a new resourceVersion, goes to the watches. */
  remove(kind: Kind, object: KubeObject): KubeObject {
    this.table(kind.resource).delete(key(object.metadata.namespace, object.metadata.name));
    this.revision += 1;
    const last = copyOf(object);
    last.metadata.resourceVersion = String(this.revision);
    this.tell({ revision: this.revision, type: "DELETED", kind, object: last, previous: object });
    return last;
  }

  /** Events of a resource after `revision`, oldest first. */
  since(resource: string, revision: number): readonly StoreEvent[] {
    return this.history.filter((event) => event.revision > revision && event.kind.resource === resource);
  }

  /** Forgets history up to now: the next watch from an old revision gets 410. */
  compact(): void {
    this.history.length = 0;
    this.compactedTo = this.revision;
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(event: StoreEvent): void {
    this.history.push(event);
    if (this.history.length > keptEvents) {
      for (const gone of this.history.splice(0, keptEvents / 4)) this.compactedTo = gone.revision;
    }
    for (const listener of [...this.listeners]) listener(event);
  }

  private table(resource: string): Map<string, KubeObject> {
    let table = this.tables.get(resource);
    if (!table) {
      kindOf(resource);
      table = new Map();
      this.tables.set(resource, table);
    }
    return table;
  }
}

function key(namespace: string | undefined, name: string): string {
  return `${namespace ?? ""}/${name}`;
}
