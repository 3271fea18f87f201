import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRoom, type Room } from "./room.ts";

let room: Room;
const confirm = "inference/poolside";
const remove = { command: "remove", confirm };
const inNamespace = () =>
  room.world.requests.all.filter(({ name }) => name === "delete namespaces" || name === "delete namespace").length;

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
        "the images in the ECR repository atlas",
        "the records below s3://acme-models-dev/eks-deploy/",
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
