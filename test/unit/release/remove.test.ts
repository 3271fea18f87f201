import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../src/cluster/objects.ts";
import type { Place } from "../../../src/release/prove.ts";
import { madeByUs } from "../../../src/release/remove/namespace.ts";
import type { InCluster } from "../../../src/release/remove/observe.ts";
import { planRemoval, type Remains } from "../../../src/release/remove/plan.ts";

const place = { release: "inference", namespace: "poolside-models", cluster: "poolside", context: undefined } as Place;

function inCluster(over: Partial<InCluster> = {}): InCluster {
  return {
    newest: {
      number: 3,
      status: "deployed",
      chart: { name: "inference", version: "1.4.0" },
      description: "",
      updatedAt: 0,
      manifest: "",
      values: {},
    },
    released: [],
    ingresses: [],
    addresses: [],
    secrets: ["vllm-auth"],
    namespace: "ours",
    strangers: [],
    ...over,
  };
}

function remains(over: Partial<Remains> = {}): Remains {
  return {
    inCluster: inCluster(),
    identity: { kind: "none", kept: [] },
    data: { own: [], kept: [], owner: "210987654321" },
    dns: undefined,
    balancers: [],
    ...over,
  };
}

describe("planRemoval", () => {
  it("takes the release first and the namespace last, and has the same end state when nothing is left", () => {
    const before = planRemoval(place, remains());
    expect(before.changes.map(({ kind }) => kind)).toEqual(["release", "secret", "namespace"]);
    const nothing = inCluster({ newest: undefined, secrets: [], namespace: "absent" });
    const after = planRemoval(place, remains({ inCluster: nothing }));
    expect(after).toMatchObject({ changes: [], kept: [], endState: before.endState });
  });

  it("keeps a namespace that others made, or that something else lies in, and says why", () => {
    const foreign = planRemoval(place, remains({ inCluster: inCluster({ namespace: "foreign" }) }));
    expect(foreign.kept).toEqual(["the namespace poolside-models: we did not make it"]);
    const strangers = ["Service a", "Pod b", "Secret c", "Secret d"];
    const shared = planRemoval(place, remains({ inCluster: inCluster({ strangers }) }));
    expect(shared.kept).toEqual(["the namespace poolside-models: Service a, Pod b, Secret c and 1 more lie in it"]);
    for (const plan of [foreign, shared]) expect(plan.removeNamespace).toBe(false);
  });

  it("removes what lies outside of a cluster that is gone", () => {
    const version = {
      key: "point",
      prefix: { bucket: "acme-models-dev", key: "checkpoints/point/2611/" },
      objects: [],
      bytes: 2_048,
      ours: true,
    };
    const data = { own: [version], kept: ["the records"], owner: "210987654321" };
    const balancers = ["k8s-poolside-1.us-east-2.elb.amazonaws.com"];
    const plan = planRemoval(place, remains({ inCluster: undefined, data, dns: { zone: "Z1" }, balancers }));
    expect(plan.changes.map(({ name, from }) => `${name}: ${from}`)).toEqual([
      "s3://acme-models-dev/checkpoints/point/2611: 0 objects, 2.00 KiB",
    ]);
    expect(plan.kept).toEqual([
      "the alias records of the hosts in the zone Z1: they point nowhere from now on",
      "the load balancer k8s-poolside-1.us-east-2.elb.amazonaws.com: its cluster is gone, so no controller deletes it",
      "the records",
    ]);
  });
});

describe("a namespace", () => {
  it("is ours by its label alone", () => {
    const made = (labels: Readonly<Record<string, string>>): KubeObject => ({ metadata: { name: "x", labels } });
    expect(madeByUs(made({ "app.kubernetes.io/managed-by": "eks-deploy" }))).toBe(true);
    expect(madeByUs(made({ "app.kubernetes.io/managed-by": "Helm" }))).toBe(false);
  });
});
