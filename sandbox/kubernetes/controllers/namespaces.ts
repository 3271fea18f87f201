import { apiVersionOf, kindOf, kinds } from "../kinds.ts";
import type { KubeObject } from "../objects.ts";
import { asJson } from "../objects.ts";
import type { Condition, Namespace } from "../types.ts";
import { withCondition } from "./conditions.ts";
import type { Controller, ControllerContext } from "./context.ts";
import { managerWriter } from "./context.ts";

const contents = kinds.filter((kind) => kind.namespaced && !kind.virtual);

/** Gives each namespace its default service account and authority, and empties those that are going away. */
export class Namespaces implements Controller {
  readonly watches = contents.map((kind) => kind.resource).concat("namespaces");
  private readonly context: ControllerContext;
  private readonly authority: string;

  /** `authority`: the API server's root certificate, PEM, for `kube-root-ca.crt`. */
  constructor(context: ControllerContext, authority: string) {
    this.context = context;
    this.authority = authority;
  }

  reconcile(): void {
    for (const namespace of this.context.store.list<Namespace>("namespaces")) {
      if (namespace.metadata.deletionTimestamp) this.finish(namespace);
      else this.furnish(namespace.metadata.name);
    }
  }

  private furnish(namespace: string): void {
    const { store, api } = this.context;
    const ensure = (resource: string, name: string, rest: object) => {
      if (store.get(resource, namespace, name)) return;
      const kind = kindOf(resource);
      const object = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, ...rest };
      api.create(kind, namespace, asJson(object as unknown as KubeObject), managerWriter);
    };
    ensure("serviceaccounts", "default", {});
    ensure("configmaps", "kube-root-ca.crt", { data: { "ca.crt": this.authority } });
  }

  private finish(namespace: Namespace): void {
    const { store, api } = this.context;
    const { name } = namespace.metadata;
    const remaining: KubeObject[] = [];
    for (const kind of contents) {
      for (const object of store.list(kind.resource, name)) {
        if (!object.metadata.deletionTimestamp) api.delete(kind, object, {}, managerWriter);
        const left = store.get(kind.resource, name, object.metadata.name);
        if (left) remaining.push(left);
      }
    }
    const live = store.get<Namespace>("namespaces", undefined, name);
    if (!live) return;
    if (remaining.length === 0) {
      api.purge(kindOf("namespaces"), live);
      return;
    }
    api.modify<Namespace>(
      "namespaces",
      live,
      (draft) => {
        draft.status = {
          phase: "Terminating",
          conditions: conditionsOf(live.status?.conditions, remaining, this.context.now()),
        };
      },
      { ...managerWriter, subresource: "status" },
    );
  }
}

/** The namespace controller's account of what is still there, in its words. */
function conditionsOf(
  before: readonly Condition[] | undefined,
  remaining: readonly KubeObject[],
  now: number,
): Condition[] {
  const count = (names: readonly string[], unit: string) =>
    [...Map.groupBy(names, (name) => name)].map(([name, all]) => `${name} has ${all.length} ${unit}`).join(", ");
  const resources = remaining.map(({ apiVersion, kind }) => {
    const known = contents.find((one) => one.kind === kind && apiVersionOf(one) === apiVersion);
    return known?.group ? `${known.resource}.${known.group}` : `${known?.resource}.`;
  });
  const finalizers = remaining.flatMap(({ metadata }) => metadata.finalizers ?? []);
  const stuck = finalizers.length > 0;
  const states = [
    {
      type: "NamespaceContentRemaining",
      status: "True",
      reason: "SomeResourcesRemain",
      message: `Some resources are remaining: ${count(resources, "resource instances")}`,
    },
    {
      type: "NamespaceFinalizersRemaining",
      status: stuck ? "True" : "False",
      reason: stuck ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
      message: stuck
        ? `Some content in the namespace has finalizers remaining: ${[...Map.groupBy(finalizers, (name) => name)].map(([name, all]) => `${name} in ${all.length} resource instances`).join(", ")}`
        : "All content-preserving finalizers finished",
    },
  ] as const;
  return states.reduce<Condition[]>((list, state) => withCondition(list, state, now), [...(before ?? [])]);
}
