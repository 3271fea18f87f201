import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/action/secret.ts";
import { addressesOf, recordsText } from "../../../src/deploy/addresses.ts";
import { diffObjects, diffText, driftOf } from "../../../src/deploy/diff.ts";
import { expectedImages, imageFacts } from "../../../src/deploy/expected-images.ts";
import { type GpuChange, judgeGpus, type NodeGpus } from "../../../src/deploy/gpus.ts";
import { type ManifestObject, parseManifest } from "../../../src/deploy/manifest.ts";
import { quantity } from "../../../src/deploy/quantity.ts";
import { redact } from "../../../src/deploy/redact.ts";
import { secretDigest, secretState, staleReaders } from "../../../src/deploy/secrets.ts";
import { modelOf, workloadsOf } from "../../../src/deploy/workloads.ts";
import { testContext } from "../../support/context.ts";

function deployment(name: string, gpus: number, more: object = {}): ManifestObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "m", uid: name },
    spec: {
      replicas: 1,
      template: {
        spec: {
          containers: [
            { name: "inference", image: "r/atlas:1", resources: { limits: { "nvidia.com/gpu": String(gpus) } } },
          ],
        },
      },
      ...more,
    },
  };
}

describe("diffObjects", () => {
  it("names what comes, changes by field, and goes", () => {
    const [before, after] = [deployment("inference-a", 1), deployment("inference-a", 2)];
    const text = diffText(diffObjects([before, deployment("inference-b", 1)], [after, deployment("inference-c", 1)]));
    expect(text).toBe(
      [
        "~ Deployment inference-a",
        "    spec.template.spec.containers[inference].resources.limits.nvidia.com/gpu: 1 -> 2",
        "+ Deployment inference-c",
        "- Deployment inference-b",
      ].join("\n"),
    );
  });

  it("never shows a Secret's values", () => {
    const secret = (value: string): ManifestObject => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { KEY: value },
    });
    const text = diffText(diffObjects([secret("b2xk")], [secret("bmV3")]));
    expect(text).toContain("data.KEY");
    expect(text).not.toMatch(/b2xk|bmV3/);
  });
});

describe("driftOf", () => {
  const released = deployment("inference-a", 4, { empty: {}, none: null });

  it("overlooks what the API server, controllers and people add, and how quantities are written", () => {
    const live = structuredClone(released) as unknown as { spec: Record<string, unknown>; metadata: object };
    Object.assign(live.spec, { progressDeadlineSeconds: 600, empty: undefined, none: undefined });
    Object.assign(live.metadata, { annotations: { "deployment.kubernetes.io/revision": "1" } });
    (live.spec["template"] as { spec: { containers: { resources: { limits: object } }[] } }).spec
      .containers[0]!.resources.limits = { "nvidia.com/gpu": "4000m" };
    expect(driftOf([released], () => live as never)).toEqual([]);
  });

  it("sees a field that was changed by hand, and an object that is gone", () => {
    const live = { ...released, spec: { ...(released["spec"] as object), replicas: 0 } };
    expect(driftOf([released], () => live)).toMatchObject([
      { fields: [{ path: "spec.replicas", from: "0", to: "1" }] },
    ]);
    expect(driftOf([released], () => undefined)).toMatchObject([{ verb: "add", name: "inference-a" }]);
  });
});

describe("judgeGpus", () => {
  const node = (free: number, all = 8): NodeGpus => ({ node: `n${free}`, all, free });
  const change = (name: string, gpus: number, live: boolean, replaced = live): GpuChange => {
    const [workload] = workloadsOf([deployment(name, gpus)], []);
    return { workload: workload!, live: live ? workload!.object : undefined, replaced };
  };
  const pod = (gpus: number, nodeName: string) => ({
    metadata: { name: "p" },
    spec: { nodeName, containers: [{ name: "c", resources: { limits: { "nvidia.com/gpu": gpus } } }] },
  });

  it("fits what is free", () => {
    expect(judgeGpus([node(4)], [change("a", 4, false)], () => [], [])).toEqual({ kind: "fits" });
  });

  it("needs the GPUs of one pod on one node", () => {
    expect(judgeGpus([node(3), node(2)], [change("a", 4, false)], () => [], [])).toMatchObject({
      kind: "short",
      needed: 4,
      available: 5,
      largest: 3,
    });
  });

  it("predicts that a rolling update of four GPUs waits for ever with two free", () => {
    const verdict = judgeGpus([node(2)], [change("a", 4, true)], () => [pod(4, "n2")], []);
    expect(verdict).toMatchObject({ kind: "deadlock", workloads: ["a"], needed: 4, free: 2 });
  });

  it("counts what a removed model frees, and nothing for a model that stays as it is", () => {
    expect(judgeGpus([node(0)], [change("a", 4, false)], () => [], [pod(4, "n0")])).toEqual({ kind: "fits" });
    expect(judgeGpus([node(0)], [change("a", 4, true, false)], () => [pod(4, "n0")], [])).toEqual({ kind: "fits" });
  });
});

describe("secrets", () => {
  const wanted = { name: "vllm-auth", data: { VLLM_API_KEY: new Secret("key") }, purpose: "" };
  const data = (value: string) => ({ VLLM_API_KEY: Buffer.from(value).toString("base64") });
  const ours = {
    labels: { "app.kubernetes.io/managed-by": "eks-deploy" },
    annotations: { "eks-deploy/owner": "inference/dev" },
  };

  it.each([
    [undefined, "absent"],
    [{ metadata: { name: "vllm-auth" }, data: data("key") }, "same"],
    [{ metadata: { name: "vllm-auth" }, data: data("other") }, "foreign-differs"],
    [{ metadata: { name: "vllm-auth", ...ours }, data: data("other") }, "ours-differs"],
    [
      {
        metadata: { name: "vllm-auth", ...ours, annotations: { "eks-deploy/owner": "inference/prod" } },
        data: data("other"),
      },
      "foreign-differs",
    ],
  ])("sees %j as %s", (found, state) => {
    expect(secretState(wanted, found, "inference/dev")).toBe(state);
  });

  it("stand in the plan by a digest that is the same every time, and differs by place and value", () => {
    const digest = secretDigest(wanted, "poolside/models");
    expect(secretDigest(wanted, "poolside/models")).toBe(digest);
    expect(secretDigest(wanted, "poolside/other")).not.toBe(digest);
    expect(secretDigest({ ...wanted, data: { VLLM_API_KEY: new Secret("kex") } }, "poolside/models")).not.toBe(digest);
    expect(digest).not.toContain("key");
  });

  it("restart only what reads them and started before they were written", () => {
    const written = {
      metadata: { name: "vllm-auth", managedFields: [{ manager: "eks-deploy", time: "2026-11-24T12:00:00Z" }] },
    };
    const reader = deployment("a", 1) as never as import("../../../src/cluster/objects.ts").Deployment;
    const reading = {
      ...reader,
      spec: {
        ...reader.spec,
        template: { spec: { containers: [{ name: "c", envFrom: [{ secretRef: { name: "vllm-auth" } }] }] } },
      },
    };
    const pods = (time: string) => () => [
      { metadata: { name: "p", creationTimestamp: time }, spec: { containers: [] } },
    ];
    expect(staleReaders(written, [reading], pods("2026-11-24T11:59:59Z"))).toHaveLength(1);
    expect(staleReaders(written, [reading], pods("2026-11-24T12:00:00Z"))).toEqual([]);
    expect(staleReaders(written, [reader], pods("2026-11-24T11:59:59Z"))).toEqual([]);
    // The value was put back at noon; from half past eleven until then the Secret held another one.
    const restored = {
      metadata: { ...written.metadata, annotations: { "eks-deploy/other-value-since": "2026-11-24T11:30:00.000Z" } },
    };
    expect(staleReaders(restored, [reading], pods("2026-11-24T11:29:59Z"))).toEqual([]);
    expect(staleReaders(restored, [reading], pods("2026-11-24T11:45:00Z"))).toHaveLength(1);
  });
});

describe("small things", () => {
  it("reads manifests with gaps, and fills the namespace in", () => {
    const objects = parseManifest("---\n# nothing\n---\napiVersion: v1\nkind: Service\nmetadata: { name: a }\n", "m");
    expect(objects).toMatchObject([{ kind: "Service", metadata: { name: "a", namespace: "m" } }]);
    expect(parseManifest("", "m")).toEqual([]);
    expect(() => parseManifest("just text", "m")).toThrow(/no Kubernetes object/);
  });

  it.each([
    ["4", 4],
    ["250m", 0.25],
    ["2000Gi", 2000 * 2 ** 30],
    [3, 3],
    ["x", undefined],
  ])("reads the quantity %s", (text, value) => {
    expect(quantity(text)).toBe(value);
  });

  it("finds the model of a Deployment by the longest key", () => {
    expect(modelOf("inference-laguna-m", ["m", "laguna-m"])).toBe("laguna-m");
    expect(modelOf("inference-public-docs", ["laguna-m"])).toBe("inference-public-docs");
  });

  it("expects the pushed digest of exactly the pushed repository and tag, and the one that a reference pins", async () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const pushed = { atlas: { repository: "team/atlas", tag: "2611", digest } };
    const references = ["r.io/team/atlas:2611", "r.io/other/atlas:2611", "r.io/team/atlas:26", `r.io/a@${digest}`];
    const facts = await imageFacts({ references, pushed, upcoming: [], aws: undefined }, testContext());
    expect(expectedImages(facts)).toEqual({ "r.io/team/atlas:2611": digest, [`r.io/a@${digest}`]: digest });
  });

  it("prints records ready to paste", () => {
    const ingresses = [
      {
        metadata: { name: "a" },
        spec: { rules: [{ host: "a.example.com" }] },
        status: { loadBalancer: { ingress: [{ hostname: "lb.amazonaws.com" }] } },
      },
      { metadata: { name: "b" }, spec: { rules: [{ host: "b.example.com" }] } },
    ];
    const addresses = addressesOf(ingresses, ["a", "b"]);
    expect(addresses).toEqual({ "a.example.com": "lb.amazonaws.com" });
    expect(recordsText(addresses)).toBe("a.example.com. 300 IN CNAME lb.amazonaws.com.");
  });

  it.each([
    "Authorization: Bearer abc.def-123456",
    "api_key=topsecretvalue",
    "https://b.s3.amazonaws.com/k?X-Amz-Signature=topsecretvalue",
    '{"password":"topsecretvalue"}',
  ])("redacts %s", (line) => {
    expect(redact(line)).not.toMatch(/topsecretvalue|abc\.def/);
  });
});
