import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRoom, type Room } from "./room.ts";

let room: Room;
const bucket = "acme-models-dev";
const versions = () =>
  [
    ...new Set(
      room.world.aws.s3
        .list(bucket, "checkpoints/")
        .map(({ key }) => key.split("/").slice(1, 3).join("/"))
        .filter((name) => name.startsWith("point/")),
    ),
  ].sort();

/** Three releases of point: the spec's own version, then 2612, then 2613. */
beforeAll(async () => {
  room = await openRoom();
  await room.pass();
  for (const version of ["2612", "2613"]) await room.pass({ versions: `point=${version}`, surge: "recreate" });
  room.world.aws.s3.put(bucket, "checkpoints/point/mine/model.safetensors", "not made by us");
}, 180_000);
afterAll(() => room?.close());

describe("prune", () => {
  it("keeps what the last proven records need", async () => {
    const mark = room.mark();
    const runner = await room.pass({ command: "prune" });
    expect(runner.outputs["headline"]).toMatch(/^Nothing to prune/);
    expect(room.writes(mark)).toEqual([]);
  });

  it("lists in its plan what nobody needs, and says for whom the others stay", async () => {
    const mark = room.mark();
    const runner = await room.pass({ command: "prune", "keep-records": "1", "dry-run": "true" });
    const result = JSON.parse(runner.outputs["result"]!);
    expect(result.deleted).toMatchObject([{ prefix: `s3://${bucket}/checkpoints/point/2612` }]);
    const kept = Object.fromEntries(
      result.kept.map(({ prefix, because }: { prefix: string; because: string[] }) => [
        prefix.split("/").at(-1),
        because,
      ]),
    );
    expect(kept["2613"]).toEqual(
      expect.arrayContaining([expect.stringMatching(/^record /), expect.stringMatching(/^Deployment /)]),
    );
    expect(kept["mine"]).toEqual(["it has no manifest: not ours, or not finished"]);
    expect(room.writes(mark)).toEqual([]);
  });

  it("deletes nothing when the live release cannot be looked at, or a record cannot be read", async () => {
    const mark = room.mark();
    room.world.faults.add({
      service: "kubernetes",
      operation: /deployments/,
      times: 50,
      effect: { kind: "reset" },
    });
    const runner = await room.run({ command: "prune", "keep-records": "1" });
    expect(runner.failures[0]?.code).toBe("RELEASE_PRUNE_BLIND");
    room.world.faults.clear();
    const { s3 } = room.world.aws;
    const key = `eks-deploy/${room.keptPaths("records/")[0]!}`;
    const text = s3.read(bucket, key)!;
    s3.put(bucket, key, "{}");
    expect((await room.fail({ command: "prune", "keep-records": "1" })).code).toBe("RELEASE_PRUNE_BLIND");
    s3.put(bucket, key, text);
    expect(room.writes(mark)).toEqual([]);
  });

  it("goes on where it was cut off, and takes away exactly that", async () => {
    room.world.faults.add({
      service: "s3",
      operation: "DeleteObjects",
      nth: 2,
      times: 10,
      effect: { kind: "answer", answer: { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" } },
    });
    const cut = await room.run({ command: "prune", "keep-records": "1" });
    expect(cut.failures).toHaveLength(1);
    room.world.faults.clear();
    expect(versions()).toContain("point/2612");
    const plan = await room.pass({ command: "prune", "keep-records": "1", "dry-run": "true" });
    const runner = await room.pass({
      command: "prune",
      "keep-records": "1",
      "approved-plan": plan.outputs["plan-sha256"]!,
    });
    expect(runner.outputs["headline"]).toMatch(/^Deleted 1 checkpoint version/);
    expect(versions()).toEqual(["point/2613", "point/mine", expect.stringMatching(/^point\/point/)]);
    const mark = room.mark();
    await room.pass({ command: "prune", "keep-records": "1" });
    expect(room.writes(mark)).toEqual([]);
  });
});
