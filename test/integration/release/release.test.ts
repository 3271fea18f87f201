import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { apiKey, openRoom, type Room } from "./room.ts";

describe.each([3, 4] as const)("a release with helm %i", (helm) => {
  let room: Room;
  beforeAll(async () => {
    room = await openRoom({ helm });
  });
  afterAll(() => room?.close());

  const lease = () => room.world.requests.all.filter(({ name }) => /leases/.test(name) && /create/.test(name)).length;

  it("tells in a preflight what a release would do, and writes nothing", async () => {
    const runner = await room.pass({ command: "preflight" });
    expect(runner.outputs["headline"]).toMatch(/^Preflight passed: a release would make \d+ changes/);
    expect(room.writes()).toEqual([]);
  });

  it("tells in a preflight what is wrong in several steps at once", async () => {
    const runner = await room.run({ command: "preflight", bundle: "./nowhere", cluster: "nowhere" });
    expect(runner.failures[0]?.code).toBe("RELEASE_PREFLIGHT");
    expect(runner.failures[0]?.message).toContain("push-images");
    expect(runner.failures[0]?.message).toContain("ensure-irsa");
    expect(room.writes()).toEqual([]);
  });

  it("keeps record, values, smoke result and pointer, the pointer before the smoke result and after the record", async () => {
    const runner = await room.pass();
    const sha256 = runner.outputs["record-sha256"]!;
    const record = JSON.parse(room.kept(`records/${sha256}.json`)!) as ReleaseRecord;
    expect(room.kept("latest/dev/inference")).toBe(`${sha256}\n`);
    expect(room.kept(`values/${record.valuesSha256}.yaml`)).toContain("fullnameOverride: inference");
    expect(record.specSha256).toMatch(/^[0-9a-f]{64}$/);
    const [path] = room.keptPaths("smoke/dev/inference/");
    expect(JSON.parse(room.kept(path!)!)).toMatchObject({ record: sha256, passed: true });
    expect(readFileSync(runner.outputs["record"]!, "utf8")).not.toContain(apiKey);
  });

  it("takes no Lease and writes nothing when nothing changes, and names the latest record", async () => {
    const [mark, taken] = [room.mark(), lease()];
    const runner = await room.pass();
    expect(room.writes(mark)).toEqual([]);
    expect(lease()).toBe(taken);
    expect(runner.outputs["record-sha256"]).toBe(room.kept("latest/dev/inference")!.trim());
    expect(runner.outputs["headline"]).toBe("inference (dev) is up to date, and its 3 models answer.");
  });

  it("names the latest record in a plan that changes nothing, until a smoke test fails or it may not be read", async () => {
    const latest = room.kept("latest/dev/inference")!.trim();
    const named = async () => (await room.pass({ command: "plan" })).outputs["record-sha256"];
    expect(await named()).toBe(latest);
    room.world.models.troubles.add({ kind: "malformed" });
    await room.fail({ command: "smoke" });
    room.world.models.troubles.clear();
    expect(await named()).toBe("");
    await room.pass({ command: "smoke" });
    expect(await named()).toBe(latest);
    const denied = { status: 403, headers: {}, body: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>" };
    const smokes = { service: "s3", operation: "GetObject", resource: /\/smoke\//, times: 99 };
    room.world.faults.add({ ...smokes, effect: { kind: "answer", answer: denied } });
    expect(await named()).toBe("");
    room.world.faults.clear();
  });

  it("asks again what it may do when the connection broke", async () => {
    const reviews = /selfsubjectaccessreviews/;
    room.world.faults.add({ service: "kubernetes", operation: reviews, times: 2, effect: { kind: "reset" } });
    await room.pass({ command: "preflight" });
    room.world.faults.clear();
  });

  it("shows in a preflight what was checked, also when nothing would change", async () => {
    const runner = await room.pass({ command: "preflight" });
    expect(runner.outputs["headline"]).toBe("Preflight passed: a release would make 0 changes.");
    expect(runner.summary).toContain("| ✅ | Kubernetes 1.29 or later |");
    expect(runner.summary).toContain("GPU memory for laguna-m");
  });

  it("keeps the result of a smoke test, about the latest record; a dry run keeps none", async () => {
    const before = room.keptPaths("smoke/").length;
    await room.pass({ command: "smoke", "dry-run": "true" });
    expect(room.keptPaths("smoke/")).toHaveLength(before);
    const mark = room.mark();
    await room.pass({ command: "smoke" });
    expect(room.keptPaths("smoke/")).toHaveLength(before + 1);
    expect(room.writes(mark)).toHaveLength(1);
  });

  it("rolls back a release whose smoke test fails, under its Lease to the end; writes no record, keeps the failed result", async () => {
    const latest = room.kept("latest/dev/inference");
    const records = room.keptPaths("records/").length;
    const mark = room.mark();
    room.world.models.troubles.add({ kind: "malformed" });
    const runner = await room.run({ surge: "recreate", values: "podAnnotations: { note: other }" });
    room.world.models.troubles.clear();
    expect(runner.failures[0]?.code).toBe("SMOKE_FAILED");
    expect(runner.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1", passed: "false" });
    expect(room.kept("latest/dev/inference")).toBe(latest);
    expect(room.keptPaths("records/")).toHaveLength(records);
    const last = room.keptPaths("smoke/dev/inference/").at(-1)!;
    expect(JSON.parse(room.kept(last)!)).toMatchObject({ record: null, passed: false });
    const names = room.world.requests.writes(mark).map(({ name }) => name);
    expect(names.lastIndexOf("delete leases")).toBeGreaterThan(names.findLastIndex((name) => /secrets$/.test(name)));
  });

  it("leaves a release whose smoke test fails where on-failure is keep", async () => {
    room.world.models.troubles.add({ kind: "malformed" });
    const kept = { surge: "recreate", values: "podAnnotations: { note: kept }", "on-failure": "keep" };
    const runner = await room.run(kept);
    room.world.models.troubles.clear();
    expect(runner.failures[0]?.code).toBe("SMOKE_FAILED");
    expect(runner.outputs["status"]).toBe("failed");
    const status = await room.pass({ command: "status" });
    expect(status.outputs["headline"]).toContain("not proven by any record");
  });

  it("records what is live and was not proven yet, when its smoke test passes in a run that changes nothing else", async () => {
    const again = { surge: "recreate", values: "podAnnotations: { note: kept }" };
    const plan = await room.pass({ ...again, "dry-run": "true" });
    expect(plan.outputs["changes"]).toBe("1");
    const runner = await room.pass({ ...again, "approved-plan": plan.outputs["plan-sha256"]! });
    expect(runner.outputs["status"]).toBe("unchanged");
    expect(room.kept("latest/dev/inference")).toBe(`${runner.outputs["record-sha256"]}\n`);
    const mark = room.mark();
    await room.pass(again);
    expect(room.writes(mark)).toEqual([]);
  });
});
