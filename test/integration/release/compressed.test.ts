import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pushImages } from "../../../src/actions/push-images/index.ts";
import { writeBundles } from "../images/bundles.ts";
import { openRoom, type Room } from "./room.ts";

let room: Room;
const bundle = { bundle: "./packed/bundle.tar.gz" };
const plan = (more = {}) => room.pass({ ...bundle, command: "plan", ...more });

beforeAll(async () => {
  room = await openRoom();
  writeBundles(join(room.folder, "packed"), 0.02);
});
afterAll(() => room?.close());

describe("a first release of a compressed bundle", () => {
  let first: Readonly<Record<string, string>>;

  it("says that its plan is not whole, and what waits for the bundle", async () => {
    const runner = await plan();
    first = runner.outputs;
    expect(first).toMatchObject({ "plan-complete": "false", "transfer-images": "true" });
    expect(runner.summary).toContain("known once the bundle was read");
    expect((await plan()).outputs["plan-sha256"]).toBe(first["plan-sha256"]);
  });

  it("has a digest that holds what the user wants, although it cannot be planned yet", async () => {
    for (const more of [
      { values: "podAnnotations: { note: other }" },
      { scheme: "internet-facing", "allow-public-without-key": "true" },
    ])
      expect((await plan(more)).outputs["plan-sha256"]).not.toBe(first["plan-sha256"]);
  });

  it("is met by what the bundle yields: after the images were pushed alone, the same approval holds", async () => {
    await room.run(bundle, { action: pushImages });
    const second = await plan();
    expect(second.outputs["plan-complete"]).toBe("true");
    expect(second.outputs["plan-sha256"]).not.toBe(first["plan-sha256"]);
    const other = await room.fail({
      ...bundle,
      "approved-plan": first["plan-sha256"]!,
      values: "podAnnotations: { note: other }",
    });
    expect(other.code).toBe("PLAN_DIFFERS");
    const runner = await room.pass({ ...bundle, "approved-plan": first["plan-sha256"]! });
    expect(runner.outputs).toMatchObject({ status: "deployed", passed: "true" });
  });

  it("is met by an approval of the whole plan, too, and afterwards by both", async () => {
    const whole = await plan();
    expect(whole.outputs["changes"]).toBe("0");
    for (const approved of [whole.outputs["plan-sha256"]!, first["plan-sha256"]!]) {
      const mark = room.mark();
      await room.pass({ ...bundle, "approved-plan": approved });
      expect(room.writes(mark)).toEqual([]);
    }
  });
});
