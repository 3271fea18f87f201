import { beforeEach, describe, expect, it } from "vitest";
import { Admission } from "../../../sandbox/kubernetes/admission.ts";
import { Api, type Writer } from "../../../sandbox/kubernetes/api.ts";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { JsonMap, KubeObject } from "../../../sandbox/kubernetes/objects.ts";
import { ApiError } from "../../../sandbox/kubernetes/status.ts";
import { Store } from "../../../sandbox/kubernetes/store.ts";
import type { Deployment } from "../../../sandbox/kubernetes/types.ts";

const deployments = kindOf("deployments");
const helm: Writer = { user: "deployer", manager: "helm" };
const person: Writer = { user: "person", manager: "kubectl" };
const start = Date.parse("2026-11-24T05:00:00Z");

let api: Api;
let now = start;
beforeEach(() => {
  const store = new Store();
  now = start;
  api = new Api(store, new Admission(store, () => undefined), () => now);
  api.create(kindOf("namespaces"), undefined, named("Namespace", "v1", "models"), helm);
});

function named(kind: string, apiVersion: string, name: string): JsonMap {
  return { apiVersion, kind, metadata: { name } };
}

function wanted(image: string, more: JsonMap = {}): JsonMap {
  const template = { metadata: { labels: { app: "x" } }, spec: { containers: [{ name: "main", image }] } };
  return {
    ...named("Deployment", "apps/v1", "x"),
    spec: { selector: { matchLabels: { app: "x" } }, template, ...more },
  };
}

const apply = (object: JsonMap, writer = helm, force = false) =>
  api.apply(deployments, "models", "x", object, writer, force).object as Deployment;

describe("server-side apply", () => {
  it("creates, and applying the same again writes nothing", () => {
    const first = apply(wanted("a:1"));
    now += 60_000;
    expect(apply(wanted("a:1")).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it("raises the generation with the spec only", () => {
    apply(wanted("a:1"));
    expect(apply(wanted("a:2")).metadata.generation).toBe(2);
    const labelled = apply({ ...wanted("a:2"), metadata: { name: "x", labels: { a: "b" } } });
    expect(labelled.metadata.generation).toBe(2);
  });

  it("names the other manager and the field of a conflict, unless forced", () => {
    apply(wanted("a:1", { replicas: 1 }));
    const live = api.get<Deployment>(deployments, "models", "x");
    api.modify<Deployment>(
      "deployments",
      live,
      (draft) => {
        draft.spec.replicas = 3;
      },
      person,
    );
    const conflict = (): unknown => {
      try {
        return apply(wanted("a:1", { replicas: 1 }));
      } catch (error) {
        return error;
      }
    };
    expect(conflict()).toBeInstanceOf(ApiError);
    expect(conflict()).toMatchObject({
      code: 409,
      reason: "Conflict",
      message:
        'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1 at 2026-11-24T05:00:00Z: .spec.replicas',
    });
    expect(apply(wanted("a:1", { replicas: 1 }), helm, true).spec.replicas).toBe(1);
  });

  it("does not fight over a field that both want alike", () => {
    apply(wanted("a:1", { replicas: 2 }));
    const shared = api.apply(
      deployments,
      "models",
      "x",
      { ...named("Deployment", "apps/v1", "x"), spec: { replicas: 2 } },
      person,
      false,
    );
    const managers = shared.object.metadata.managedFields?.map(({ manager }) => manager);
    expect(managers).toEqual(expect.arrayContaining(["helm", "kubectl"]));
  });

  it("removes what its manager no longer wants, and keeps what another one owns", () => {
    apply({ ...wanted("a:1"), metadata: { name: "x", labels: { mine: "1", both: "1" } } });
    api.apply(
      deployments,
      "models",
      "x",
      { ...named("Deployment", "apps/v1", "x"), metadata: { name: "x", labels: { both: "1" } } },
      person,
      false,
    );
    expect(apply(wanted("a:1")).metadata.labels).toEqual({ both: "1" });
  });

  it("adds a container beside one that another manager added", () => {
    apply(wanted("a:1"));
    const sidecar = {
      ...named("Deployment", "apps/v1", "x"),
      spec: { template: { spec: { containers: [{ name: "side", image: "b" }] } } },
    };
    api.apply(deployments, "models", "x", sidecar as unknown as JsonMap, person, false);
    expect(apply(wanted("a:2")).spec.template.spec.containers.map(({ name, image }) => `${name} ${image}`)).toEqual([
      "main a:2",
      "side b",
    ]);
  });
});

describe("the registry", () => {
  const code = (run: () => unknown): number => {
    try {
      run();
    } catch (error) {
      if (error instanceof ApiError) return error.code;
      throw error;
    }
    return 0;
  };

  it("refuses a write that was made against another state", () => {
    const made = apply(wanted("a:1"));
    const stale = { ...(made as unknown as JsonMap), metadata: { name: "x", resourceVersion: "1" } };
    expect(code(() => api.replace(deployments, "models", "x", stale, helm))).toBe(409);
  });

  it("refuses a second object of the same name, and one in a namespace that is not there", () => {
    apply(wanted("a:1"));
    expect(code(() => api.create(deployments, "models", wanted("a:1"), helm))).toBe(409);
    expect(code(() => api.create(deployments, "nowhere", wanted("a:1"), helm))).toBe(404);
  });

  it("refuses another selector, which is immutable", () => {
    apply(wanted("a:1"));
    const other = wanted("a:1", { selector: { matchLabels: { app: "y" } } });
    expect(code(() => apply(other, helm, true))).toBe(422);
  });

  it("leaves status alone where the object is written, and the object where status is", () => {
    apply(wanted("a:1"));
    const live = api.get<Deployment>(deployments, "models", "x");
    api.modify<Deployment>(
      "deployments",
      live,
      (draft) => {
        draft.status = { replicas: 5 };
        draft.spec.replicas = 9;
      },
      { ...helm, subresource: "status" },
    );
    expect(api.get<Deployment>(deployments, "models", "x")).toMatchObject({
      spec: { replicas: 1 },
      status: { replicas: 5 },
    });
    expect(apply(wanted("a:3")).status).toEqual({ replicas: 5 });
  });

  it("writes nothing in a dry run", () => {
    const dry = { ...helm, dryRun: true };
    api.apply(deployments, "models", "x", wanted("a:1"), dry, false);
    expect(code(() => api.get<KubeObject>(deployments, "models", "x"))).toBe(404);
  });
});
