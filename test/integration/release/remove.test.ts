import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import type { JsonMap, KubeObject } from "../../../sandbox/kubernetes/objects.ts";
import { openRoom, type Room } from "./room.ts";

/** An object as it is made. */
type Held = { readonly metadata: { readonly name: string } } & JsonMap;

let room: Room;
const confirm = "inference/poolside";
const remove = { command: "remove", confirm };
const inNamespace = () =>
  room.world.requests.all.filter(({ name }) => name === "delete namespaces" || name === "delete namespace").length;

/** Each look takes longer; not so long that a request has no time left for its second attempt. */
function passTimeWith(service: string, operation: string): void {
  const effect = { kind: "hook", run: () => room.advance(90_000) } as const;
  room.world.faults.add({ service, operation, times: 99, effect });
}

beforeAll(async () => {
  room = await openRoom();
  await room.pass();
}, 120_000);
afterAll(() => room?.close());

describe("remove", () => {
  it.each([
    ["no confirmation", ""],
    ["another cluster", "inference/poolside-prod"],
  ])("deletes nothing with %s", async (_why, given) => {
    const mark = room.mark();
    expect((await room.fail({ command: "remove", confirm: given })).code).toBe("RELEASE_REMOVE_CONFIRM");
    expect(room.writes(mark)).toEqual([]);
  });

  it("lists in its plan what goes and what stays, with its cost", async () => {
    const mark = room.mark();
    const plan = await room.pass({ command: "remove", "dry-run": "true" });
    expect(room.writes(mark)).toEqual([]);
    const { kept } = JSON.parse(plan.outputs["result"]!);
    expect(kept).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^the checkpoint s3:\/\/acme-models-dev\/checkpoints\/point\/.*iB in S3$/),
        expect.stringMatching(/^the images in the ECR repository atlas: 1 image, [\d.]+ .iB$/),
        expect.stringMatching(/^the records below s3:\/\/acme-models-dev\/eks-deploy\/, without which/),
      ]),
    );
    expect(plan.summary).toContain("we made it, and nothing else is in it");
  });

  it("goes on where it was cut off, waits for the load balancer, and leaves only what it names", async () => {
    const { world } = room;
    world.faults.add({
      service: "iam",
      operation: "DeleteRole",
      times: 20,
      effect: { kind: "answer", answer: { status: 403, body: "" } },
    });
    expect((await room.run(remove)).failures).toHaveLength(1);
    world.faults.clear();
    const runner = await room.pass(remove);
    expect(runner.outputs["headline"]).toMatch(
      /^Removed inference of poolside: \d+ things deleted; \d+ things kept\.$/,
    );
    expect(world.aws.iam.allRoles().map(({ name }) => name)).not.toContain("inference-pod-role");
    expect([...world.aws.elb.loadBalancers.values()]).toEqual([]);
    expect(world.aws.s3.list("acme-models-dev", "checkpoints/").length).toBeGreaterThan(0);
    const mark = room.mark();
    const again = await room.pass(remove);
    expect(room.writes(mark)).toEqual([]);
    expect(again.outputs["headline"]).toMatch(/^Nothing is left of inference/);
    expect(inNamespace()).toBe(1);
  });

  it("waits for the load balancer that a run which was cut off has left, while nothing else is there", async () => {
    const { elb } = room.world.aws;
    const orphan = elb.forGroup("poolside", "internal", "poolside");
    const foreign = elb.forGroup("others", "internal", "poolside");
    room.world.faults.add({
      service: "elasticloadbalancing",
      operation: "DescribeLoadBalancers",
      nth: 3,
      effect: { kind: "hook", run: () => elb.removeGroup(orphan.arn) },
    });
    const mark = room.mark();
    const runner = await room.pass(remove);
    room.world.faults.clear();
    elb.removeGroup(foreign.arn);
    expect(runner.context.recorded.lines).toContain(`Waiting for the load balancer ${orphan.dnsName} to go`);
    expect(runner.context.recorded.lines.join("\n")).not.toContain(foreign.dnsName);
    expect([...elb.loadBalancers.values()]).toEqual([]);
    expect(room.writes(mark)).toEqual([]);
  });

  it("names a load balancer that stays, without a failure, where it may not see whether others use it", async () => {
    const { elb } = room.world.aws;
    const others = elb.forGroup("poolside", "internal", "poolside");
    const answer = {
      status: 403,
      headers: { "content-type": "application/json" },
      body: '{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"no"}',
    };
    room.world.faults.add({
      service: "kubernetes",
      operation: "list ingresses",
      times: 9_999,
      effect: { kind: "answer", answer },
    });
    passTimeWith("elasticloadbalancing", "DescribeLoadBalancers");
    const runner = await room.pass(remove);
    room.world.faults.clear();
    elb.removeGroup(others.arn);
    expect(JSON.parse(runner.outputs["result"]!).kept).toContainEqual(
      expect.stringMatching(/^The load balancer .* is still there; whether others use it was not looked at/),
    );
  });

  it("waits for an Ingress that the controller still holds after the release is gone, and then takes the namespace", async () => {
    const { api, store } = room.world.kubernetes;
    const writer = { user: "admin", manager: "test" };
    const namespace = "poolside-models";
    const labels = { "app.kubernetes.io/managed-by": "eks-deploy" };
    api.create(
      kindOf("namespaces"),
      undefined,
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } },
      writer,
    );
    const held = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: {
        name: "inference-point",
        labels: { "app.kubernetes.io/instance": "inference" },
        finalizers: ["somebody/is-slow"],
      },
      spec: { defaultBackend: { service: { name: "inference-point", port: { number: 80 } } } },
    };
    api.delete(kindOf("ingresses"), api.create(kindOf("ingresses"), namespace, held, writer), {}, writer);
    room.world.faults.add({
      service: "kubernetes",
      operation: "list ingresses",
      nth: 4,
      effect: {
        kind: "hook",
        run() {
          const ingress = store.get("ingresses", namespace, "inference-point")!;
          const letGo = (draft: typeof ingress) => {
            draft.metadata.finalizers = [];
          };
          api.modify("ingresses", ingress, letGo, writer);
        },
      },
    });
    const runner = await room.pass(remove);
    room.world.faults.clear();
    expect(runner.context.recorded.lines).toContain(
      "Waiting for the load balancer controller to let go of inference-point",
    );
    expect(runner.context.recorded.lines).toContain(`Deleted the namespace ${namespace}`);
  });

  describe("goes on with the waiting of a run that was cut off", () => {
    const writer = { user: "admin", manager: "test" };
    const namespace = "poolside-models";

    /** Makes an object that is deleted and held by a finalizer; gives what lets it go. */
    function held(resource: string, place: string | undefined, object: Held): () => void {
      const { api, store } = room.world.kubernetes;
      const { name } = object.metadata;
      const metadata = { ...object.metadata, finalizers: ["somebody/is-slow"] };
      api.delete(kindOf(resource), api.create(kindOf(resource), place, { ...object, metadata }, writer), {}, writer);
      return () => {
        const found = store.get(resource, place, name)!;
        const letGo = (draft: typeof found) => {
          draft.metadata.finalizers = [];
        };
        api.modify(resource, found, letGo, writer);
      };
    }

    /** Makes the namespace, as somebody else. */
    function makeNamespace(): KubeObject {
      const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
      return room.world.kubernetes.api.create(kindOf("namespaces"), undefined, object, writer);
    }

    function removeNamespace(): void {
      const { api, store } = room.world.kubernetes;
      const found = store.get("namespaces", undefined, namespace);
      if (found) api.delete(kindOf("namespaces"), found, {}, writer);
    }

    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "slow" } };
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "inference-point-1", labels: { "app.kubernetes.io/instance": "inference" } },
      spec: { containers: [{ name: "vllm", image: "atlas" }] },
    };

    it("waits until the namespace is empty, and writes nothing into it meanwhile", async () => {
      makeNamespace();
      const letGo = held("configmaps", namespace, configMap);
      removeNamespace();
      const run = { kind: "hook", run: letGo } as const;
      room.world.faults.add({ service: "kubernetes", operation: "get namespaces", nth: 3, effect: run });
      const mark = room.mark();
      const runner = await room.pass(remove);
      room.world.faults.clear();
      expect(runner.context.recorded.lines).toContain(`Waiting for the namespace ${namespace} to be emptied`);
      expect(runner.outputs["headline"]).toMatch(/^Nothing is left of inference/);
      expect(room.writes(mark)).toEqual([]);
      expect(room.world.kubernetes.store.get("namespaces", undefined, namespace)).toBeUndefined();
    });

    it("names what holds a namespace that cannot be emptied", async () => {
      makeNamespace();
      const letGo = held("configmaps", namespace, configMap);
      removeNamespace();
      passTimeWith("kubernetes", "get namespaces");
      const failure = await room.fail(remove).finally(() => room.world.faults.clear());
      expect(failure.code).toBe("RELEASE_REMOVE_NAMESPACE");
      expect(failure.message).toContain("somebody/is-slow in 1 resource instances");
      letGo();
    });

    it("waits until the pods of the release have ended, in a namespace that stays", async () => {
      await vi.waitFor(makeNamespace);
      const { api, store } = room.world.kubernetes;
      await vi.waitFor(() => expect(store.get("serviceaccounts", namespace, "default")).toBeDefined());
      api.create(kindOf("pods"), namespace, { ...pod, metadata: { ...pod.metadata, name: "somebody-elses" } }, writer);
      const letGo = held("pods", namespace, pod);
      const run = { kind: "hook", run: letGo } as const;
      room.world.faults.add({ service: "kubernetes", operation: "list replicasets", nth: 3, effect: run });
      const runner = await room.pass(remove);
      room.world.faults.clear();
      expect(runner.context.recorded.lines).toContain("Waiting for the pods inference-point-1 to end");
    });

    it("names pods that do not end", async () => {
      const letGo = held("pods", namespace, pod);
      passTimeWith("kubernetes", "list replicasets");
      const failure = await room.fail(remove).finally(() => room.world.faults.clear());
      expect(failure.code).toBe("RELEASE_REMOVE_PODS");
      expect(failure.message).toContain("kubectl describe pod -n poolside-models inference-point-1");
      letGo();
      removeNamespace();
    });
  });

  it("takes the checkpoints, too, when told, but none that another environment needs", async () => {
    room.edit("  dev: {}", '  dev: {}\n  other: { models: { point: { checkpoint: "./elsewhere/point_2610.tar" } } }');
    room.world.aws.s3.put("acme-models-dev", "checkpoints/point/foreign/model.safetensors", "not ours");
    const runner = await room.pass({ ...remove, "remove-data": "true" });
    const left = new Set(
      room.world.aws.s3.list("acme-models-dev", "checkpoints/").map(({ key }) => key.split("/").slice(1, 3).join("/")),
    );
    expect([...left].filter((name) => name.startsWith("point/"))).toEqual(["point/foreign"]);
    expect([...left].filter((name) => name.startsWith("laguna-m/"))).toHaveLength(1);
    expect(JSON.parse(runner.outputs["result"]!).kept).toEqual(
      expect.arrayContaining([expect.stringContaining("the checkpoint s3://acme-models-dev/checkpoints/laguna-m/")]),
    );
  });
});
