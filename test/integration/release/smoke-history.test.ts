import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRoom, type Room } from "./room.ts";

const hour = 3_600_000;
let room: Room;
beforeAll(async () => {
  room = await openRoom();
  await room.pass();
}, 120_000);
afterEach(() => room.world.models.troubles.clear());
afterAll(() => room?.close());

/** A scheduled test, an hour after the one before. */
async function hourly(event = "schedule") {
  room.advance(hour);
  const runner = await room.run({ command: "smoke" }, { env: { GITHUB_EVENT_NAME: event } });
  const { findings, lines } = runner.context.recorded;
  return { runner, codes: findings.map(({ code }) => code), lines, failure: runner.failures[0] };
}

describe("a smoke test on a schedule", () => {
  it("annotates what changed since the test before, and nothing while all is as it was", async () => {
    const green = await hourly();
    expect(green).toMatchObject({ codes: [], failure: undefined });
    expect(green.lines).toContainEqual(expect.stringMatching(/^smoke-test: As in the test before: SMOKE_OPEN_PATH: /));
    room.world.models.troubles.add({ kind: "empty" }, /Point/);
    const first = await hourly();
    expect(first.codes).toEqual(["SMOKE_OPEN_PATH"]);
    expect(first.failure).toEqual({ code: "SMOKE_FAILED", message: expect.stringContaining("point") });
    const second = await hourly();
    expect(second.codes).toEqual([]);
    expect(second.failure).toMatchObject({ code: "SMOKE_FAILED", known: true });
    expect(second.runner.outputs).toMatchObject({ passed: "false", headline: expect.stringContaining("point") });
    room.world.models.troubles.clear();
    expect((await hourly()).codes).toEqual(["SMOKE_OPEN_PATH"]);
  });

  it("tells everything to whoever starts one by hand", async () => {
    const { codes } = await hourly("workflow_dispatch");
    expect(codes).toEqual(["SMOKE_OPEN_PATH"]);
  });

  it("draws the last tests in its summary", async () => {
    const { runner } = await hourly();
    expect(runner.summary).toMatch(/\npoint +[▁-█]{2}××[▁-█]{3} {2}\d.*, 2 failed\n/);
    expect(runner.summary).toMatch(/7 tests in 6 h/);
  });

  it("reads one page of the last week and a day of results, however many are kept", async () => {
    const { s3 } = room.world.aws;
    const { bucket } = room.world.names;
    const [path] = room.keptPaths("smoke/dev/inference/");
    const text = room.kept(path!)!;
    for (let month = 10; month < 13; month += 1)
      for (let day = 10; day < 30; day += 1)
        for (let minute = 10; minute < 30; minute += 1)
          s3.put(bucket, `eks-deploy/smoke/dev/inference/2025${month}${day}T10${minute}00000Z-x.json`, text);
    const mark = room.mark();
    await hourly();
    const reads = room.world.requests.all.slice(mark).filter(({ resource }) => resource.includes(bucket));
    expect(reads.filter(({ name }) => name === "ListObjectsV2")).toHaveLength(1);
    expect(reads.filter(({ name, resource }) => name === "GetObject" && resource.includes("/smoke/"))).toHaveLength(7);
  });

  it("annotates everything, and passes, where earlier results cannot be read", async () => {
    room.world.faults.add({
      service: "s3",
      operation: "ListObjectsV2",
      effect: { kind: "answer", answer: { status: 403, body: "<Error><Code>AccessDenied</Code></Error>" } },
    });
    const { codes, failure, lines } = await hourly();
    room.world.faults.clear();
    expect({ codes, failure }).toEqual({ codes: ["SMOKE_OPEN_PATH"], failure: undefined });
    expect(lines).toContainEqual(expect.stringContaining("Earlier results are not shown"));
  });
});
