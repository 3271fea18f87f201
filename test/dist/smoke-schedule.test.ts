import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job, jobKey } from "../support/job.ts";
import { useDocumentedRoles } from "../support/roles.ts";

let world: World;
let job: Job;

/** The smoke test acts as the plan role of docs/permissions.md. */
beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world);
  expect((await job.run("release")).status).toBe(0);
  useDocumentedRoles(world, job, "plan");
}, 120_000);

afterAll(async () => {
  job?.remove();
  await world?.close();
});

/** Codes of the annotations of a scheduled run, and how it ended. */
async function scheduled(key = jobKey) {
  const mark = world.requests.all.length;
  const env = { GITHUB_EVENT_NAME: "schedule" };
  const result = await job.run("release", { command: "smoke", "api-key": key, samples: "1" }, { env });
  const refused = world.requests.since(mark).filter(({ status, service }) => status === 403 && service !== "model");
  expect(refused).toEqual([]);
  const codes = result.annotations.map(({ properties }) => /title=(\w+)/.exec(properties)?.[1]);
  return { status: result.status, codes, log: result.log.join("\n"), summary: result.summary };
}

it("annotates a scheduled smoke test only when its state changes, and draws the trend", {
  timeout: 120_000,
}, async () => {
  expect(await scheduled()).toMatchObject({ status: 0, codes: [] });
  const first = await scheduled("canary-wrong-key");
  expect(first).toMatchObject({ status: 1, codes: expect.arrayContaining(["SMOKE_FAILED"]) });
  const second = await scheduled("canary-wrong-key");
  expect(second).toMatchObject({ status: 1, codes: [] });
  expect(second.log).toContain("SMOKE_FAILED: ");
  const healed = await scheduled();
  expect(healed).toMatchObject({ status: 0, codes: ["SMOKE_OPEN_PATH"] });
  expect(healed.summary).toMatch(/point +[▁-█]{2}××[▁-█] /);
});
