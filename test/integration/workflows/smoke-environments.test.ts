import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kindOf } from "../../../sandbox/kubernetes/kinds.ts";
import { apiKey, openRoom, type Room } from "../release/room.ts";

let room: Room;

beforeAll(async () => {
  room = await openRoom();
  room.edit("  dev: {}", "  dev: {}\n  twin: {}");
  await room.pass();
});

afterAll(() => room?.close());

/** Smoke results of an environment that are kept in records. */
function kept(environment: string): readonly { readonly passed: boolean }[] {
  return room.keptPaths(`smoke/${environment}/`).map((path) => JSON.parse(room.kept(path)!) as { passed: boolean });
}

describe("command: smoke with environments", { timeout: 120_000 }, () => {
  const inputs = { command: "smoke", environment: "", environments: "dev, twin" };

  it("tests every environment, gives the results by environment, and keeps each in its own records", async () => {
    const before = kept("dev").length;
    const run = await room.pass(inputs);
    expect(run.outputs["passed"]).toBe("true");
    const results = JSON.parse(run.outputs["results"]!) as Record<string, object>;
    expect(Object.entries(results).map(([name, models]) => [name, Object.keys(models)])).toEqual([
      ["dev", ["laguna-m", "laguna-xs", "point"]],
      ["twin", ["laguna-m", "laguna-xs", "point"]],
    ]);
    expect(kept("dev")).toHaveLength(before + 1);
    expect(kept("twin")).toMatchObject([{ passed: true }]);
  });

  it("takes a key for each, goes on after a failure, and names the environment that fails", async () => {
    const run = await room.run({
      ...inputs,
      environments: "twin, dev",
      "api-key": `dev=${apiKey}\ntwin=canary-wrong-key`,
    });
    expect(run.failures.map(({ code }) => code)).toEqual(["SMOKE_FAILED"]);
    expect(run.failures[0]!.message).toMatch(/^twin: /);
    expect(run.failures[0]!.message).not.toContain("dev:");
    expect(run.outputs).toMatchObject({ passed: "false", headline: expect.stringContaining("twin: ") });
    expect(kept("twin").at(-1)).toMatchObject({ passed: false });
    expect(kept("dev").at(-1)).toMatchObject({ passed: true });
    expect(run.context.recorded.masks).toEqual(expect.arrayContaining([apiKey, "canary-wrong-key"]));
    const seen = [...run.context.recorded.lines, run.summary, ...Object.values(run.outputs)].join("\n");
    expect(seen).not.toContain("canary-wrong-key");
  });

  it("takes a single key for all, also one that looks like key=value", async () => {
    const run = await room.run({ ...inputs, "api-key": "wrong=" });
    expect(run.failures[0]!.message).toMatch(/^dev: [\s\S]*\ntwin: /m);
  });

  it("tests the others when one is not in the spec, and fails", async () => {
    const run = await room.run({ ...inputs, environments: "dev, moon" });
    expect(run.failures.map(({ message }) => message.split("\n")[0])).toEqual([
      expect.stringMatching(/^moon: .*no environment moon/),
    ]);
    expect(Object.keys(JSON.parse(run.outputs["results"]!).dev)).toHaveLength(3);
  });

  it("leaves the verdict open while one environment is being released, unless another fails", async () => {
    room.edit("  twin: {}", "  twin: { namespace: elsewhere }");
    const { api } = room.world.kubernetes;
    const writer = { user: "admin", manager: "test" };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "elsewhere" } };
    api.create(kindOf("namespaces"), undefined, namespace, writer);
    const lease = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "eks-deploy-inference" },
      spec: {
        holderIdentity: "https://github.com/acme/models/actions/runs/1",
        leaseDurationSeconds: 3_600,
        renewTime: new Date().toISOString().replace("Z", "000Z"),
      },
    };
    const made = api.create(kindOf("leases"), "elsewhere", lease, writer);
    const open = await room.pass(inputs);
    expect(open.outputs["passed"] ?? "").toBe("");
    const failed = await room.run({ ...inputs, "api-key": `dev=canary-wrong-key\ntwin=${apiKey}` });
    expect(failed.outputs["passed"]).toBe("false");
    api.delete(kindOf("leases"), made, {}, writer);
    room.edit("  twin: { namespace: elsewhere }", "  twin: {}");
  });

  it("tells a failure that every environment had in the test before without an annotation, on a schedule", async () => {
    const scheduled = (keys: string) =>
      room.run({ ...inputs, "api-key": keys }, { env: { GITHUB_EVENT_NAME: "schedule" } });
    const wrong = `dev=${apiKey}\ntwin=canary-wrong-key`;
    await scheduled(apiKey);
    const first = await scheduled(wrong);
    const second = await scheduled(wrong);
    const both = await scheduled("dev=canary-other-key\ntwin=canary-wrong-key");
    expect([first, second, both].map(({ failures }) => failures[0]?.known ?? false)).toEqual([false, true, false]);
    expect(second.context.recorded.findings).toEqual([]);
    expect(second.summary).toMatch(/point +[▁-█×]+/);
  });

  it("in a dry run tests nothing, keeps nothing, and tells what could not be begun", async () => {
    const before = room.keptPaths("smoke/").length;
    await room.pass({ ...inputs, "dry-run": "true" });
    const failed = await room.fail({ ...inputs, environments: "dev, moon", "dry-run": "true" });
    expect(failed.message).toContain("no environment moon");
    expect(room.keptPaths("smoke/")).toHaveLength(before);
  });
});
