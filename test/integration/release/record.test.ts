import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AnyAction } from "../../../src/action/action.ts";
import { ensureIrsa } from "../../../src/actions/ensure-irsa/index.ts";
import { helmDeploy } from "../../../src/actions/helm-deploy/index.ts";
import { pushImages } from "../../../src/actions/push-images/index.ts";
import { renderValues } from "../../../src/actions/render-values/index.ts";
import { smokeTest } from "../../../src/actions/smoke-test/index.ts";
import { syncCheckpoints } from "../../../src/actions/sync-checkpoints/index.ts";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { openRoom, type Room } from "./room.ts";

let room: Room;
const reports = "reports";
const record = { command: "record", reports };

beforeAll(async () => {
  room = await openRoom();
  mkdirSync(join(room.folder, reports));
});
afterAll(() => room?.close());

async function single(action: AnyAction, inputs: Readonly<Record<string, string>> = {}) {
  const runner = await room.run({ reports, ...inputs }, { action });
  const folder = join(room.folder, reports, action.contract.name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(runner.outputs["report"]!, join(folder, "report.json"));
  return runner;
}

it("records nothing before all six have reported, and nothing that was not proven", async () => {
  expect((await room.fail(record)).code).toBe("RELEASE_REPORTS_INCOMPLETE");
  for (const action of [pushImages, syncCheckpoints, ensureIrsa, renderValues, helmDeploy])
    expect((await single(action)).failures).toEqual([]);
  expect((await single(smokeTest, { "api-key": "another" })).failures[0]?.code).toBe("SMOKE_FAILED");
  const failure = await room.fail(record);
  expect(failure.code).toBe("RELEASE_REPORTS_INCOMPLETE");
  expect(failure.message).toContain("results (smoke-test)");
});

it("records what six single actions proved, once", async () => {
  expect((await single(smokeTest)).failures).toEqual([]);
  const plan = await room.pass({ ...record, "dry-run": "true" });
  expect(plan.outputs).toMatchObject({ changes: "1", changed: "false" });
  const runner = await room.pass({ ...record, "approved-plan": plan.outputs["plan-sha256"]! });
  const sha256 = runner.outputs["record-sha256"]!;
  const kept = JSON.parse(room.kept(`records/${sha256}.json`)!) as ReleaseRecord;
  expect(kept).toMatchObject({ environment: "dev", cluster: "poolside", revision: 1 });
  expect(Object.keys(kept.smoke as object).sort()).toEqual(["laguna-m", "laguna-xs", "point"]);
  expect(kept.resolved["helm-deploy.cluster"]?.origin).toMatch(/^eks-deploy\.yaml:\d+/);
  const mark = room.mark();
  expect((await room.pass(record)).outputs["record-sha256"]).toBe(sha256);
  expect((await room.pass()).outputs["record-sha256"]).toBe(sha256);
  expect(room.writes(mark)).toEqual([]);
});
