import type { Kind } from "../kinds.ts";
import { findKind, kinds } from "../kinds.ts";
import type { KubeObject, OwnerReference } from "../objects.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { garbageWriter } from "./context.ts";

const foreground = "foregroundDeletion";
const orphan = "orphan";
const stored = kinds.filter((kind) => !kind.virtual && kind.resource !== "events");

/** Collects what has lost all its owners, and ends foreground and orphaning deletions. */
export class Garbage implements Controller {
  readonly watches = stored.map((kind) => kind.resource);
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
  }

  reconcile(): void {
    for (const kind of stored) {
      for (const object of this.context.store.list(kind.resource)) {
        const { finalizers = [], ownerReferences = [], deletionTimestamp } = object.metadata;
        if (deletionTimestamp && finalizers.includes(orphan)) this.orphan(kind, object);
        else if (deletionTimestamp && finalizers.includes(foreground)) this.finishForeground(kind, object);
        else if (!deletionTimestamp && ownerReferences.length > 0) this.collect(kind, object, ownerReferences);
      }
    }
  }

  private collect(kind: Kind, object: KubeObject, references: readonly OwnerReference[]): void {
    const owners = references.map((reference) => this.ownerOf(object, reference));
    const waiting = owners.some(
      (owner) => owner?.metadata.deletionTimestamp && owner.metadata.finalizers?.includes(foreground),
    );
    if (owners.some((owner) => owner && !owner.metadata.finalizers?.includes(foreground))) return;
    // Below an owner that waits for its dependents, they wait for theirs.
    const propagation = waiting ? { propagation: "Foreground" as const } : {};
    this.context.api.delete(kind, object, propagation, garbageWriter);
  }

  private ownerOf(object: KubeObject, { apiVersion, kind, name, uid }: OwnerReference): KubeObject | undefined {
    const owning = findKind(apiVersion, kind);
    if (!owning) return undefined;
    const owner = this.context.store.get(
      owning.resource,
      owning.namespaced ? object.metadata.namespace : undefined,
      name,
    );
    return owner?.metadata.uid === uid ? owner : undefined;
  }

  private orphan(kind: Kind, owner: KubeObject): void {
    for (const { kind: dependentKind, object } of this.dependents(owner)) {
      this.context.api.modify(
        dependentKind.resource,
        object,
        (draft) => {
          draft.metadata.ownerReferences = (draft.metadata.ownerReferences ?? []).filter(
            ({ uid }) => uid !== owner.metadata.uid,
          );
        },
        garbageWriter,
      );
    }
    this.drop(kind, owner, orphan);
  }

  private finishForeground(kind: Kind, owner: KubeObject): void {
    const blocking = this.dependents(owner).filter(({ object }) =>
      object.metadata.ownerReferences?.some((one) => one.uid === owner.metadata.uid && one.blockOwnerDeletion),
    );
    if (blocking.length === 0) this.drop(kind, owner, foreground);
  }

  private dependents(owner: KubeObject): { kind: Kind; object: KubeObject }[] {
    return stored.flatMap((kind) =>
      this.context.store
        .list(kind.resource)
        .filter((object) => object.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid))
        .map((object) => ({ kind, object })),
    );
  }

  private drop(kind: Kind, object: KubeObject, finalizer: string): void {
    this.context.api.modify(
      kind.resource,
      object,
      (draft) => {
        draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((name) => name !== finalizer);
      },
      garbageWriter,
    );
  }
}
