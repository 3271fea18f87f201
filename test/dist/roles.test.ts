import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job } from "../support/job.ts";
import { useDocumentedRoles } from "../support/roles.ts";

let world: World;
let job: Job;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world);
  useDocumentedRoles(world, job, "plan", "transfer", "deploy");
});

afterAll(async () => {
  job?.remove();
  await world?.close();
});

/** What the sandbox refused for want of a right, by role. */
function refusals(mark: number): readonly string[] {
  return world.requests
    .since(mark)
    .filter((request) => request.status === 403)
    .map((request) => `${request.principal.split("/")[1]}: ${request.service} ${request.name} ${request.resource}`);
}

describe("the roles of docs/permissions.md", () => {
  it("are enough for a plan, which acts as the plan role and writes nothing", async () => {
    const result = await job.run("release", { command: "plan" });
    expect(result.status, result.log.join("\n")).toBe(0);
    expect(refusals(0)).toEqual([]);
    expect(world.requests.writes()).toEqual([]);
  });

  it("are enough for a whole release, each for its own steps", async () => {
    const mark = world.requests.all.length;
    const result = await job.run("release");
    expect(result.status, result.log.join("\n")).toBe(0);
    expect(refusals(mark)).toEqual([]);
    const writers = (service: RegExp) =>
      new Set(
        world.requests
          .writes(mark)
          .filter((request) => service.test(request.service))
          .map((request) => request.principal.split("/")[1]),
      );
    expect(writers(/^(ecr|registry)$/)).toEqual(new Set(["eks-deploy-transfer"]));
    expect(writers(/^iam$/)).toEqual(new Set(["eks-deploy-deploy"]));
  });

  it("are enough for a second run, which writes nothing", async () => {
    const mark = world.requests.all.length;
    const result = await job.run("release");
    expect(result.status, result.log.join("\n")).toBe(0);
    expect(refusals(mark)).toEqual([]);
    expect(world.requests.writes(mark)).toEqual([]);
  });
});
