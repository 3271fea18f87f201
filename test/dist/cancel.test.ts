import type { ChildProcess } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../../sandbox/faults.ts";
import { cancelStep } from "../../sandbox/runner/cancel.ts";
import type { StepResult } from "../../sandbox/runner/step.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job } from "../support/job.ts";

let world: World;
let job: Job;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world, 0.1);
});

afterEach(() => world.faults.clear());

afterAll(async () => {
  job?.remove();
  await world?.close();
});

/** Runs a step and cancels it when a request arrives; the request goes on as usual. */
function cancelledAt(
  action: string,
  at: Pick<Fault, "service" | "operation" | "nth">,
  inputs: Readonly<Record<string, string>> = {},
): Promise<StepResult> {
  let child: ChildProcess | undefined;
  world.faults.add({ ...at, effect: { kind: "hook", run: () => child && cancelStep(child) } });
  return job.run(action, inputs, {
    onStart: (started) => {
      child = started;
    },
  });
}

/** It ended by itself, as cancelled, and told so everywhere; the post step has nothing to complain about. */
async function expectCancelled(action: string, result: StepResult): Promise<void> {
  const log = result.log.join("\n");
  expect(result.signal, log).toBe(null);
  expect(result.status, log).toBe(1);
  expect(log).toContain("SIGINT: the run is being cancelled");
  expect(result.outputs["headline"]).toMatch(/cancelled/i);
  expect(result.outputs["report"]).toMatch(/report\.json$/);
  expect(result.outputs).toHaveProperty("plan-sha256");
  expect(result.summary).toContain(`⏹️ ${action}`);
  expect(result.annotations.map(({ properties }) => properties)).toContain("title=CANCELLED");
  const post = await job.post(action, result);
  expect(post.status, post.log.join("\n")).toBe(0);
  expect(post.annotations).toEqual([]);
}

describe("a cancelled step", () => {
  it("in the middle of a push ends by itself, and the next run pushes the rest", async () => {
    const result = await cancelledAt("push-images", { service: "registry", operation: /^(PATCH|PUT)/, nth: 2 });
    await expectCancelled("push-images", result);
    const next = await job.run("push-images");
    expect(next.status, next.log.join("\n")).toBe(0);
    expect(next.outputs["changed"]).toBe("true");
  });

  it("in the middle of a sync ends by itself, and the next run sends the rest", async () => {
    const result = await cancelledAt("sync-checkpoints", { service: "s3", operation: /UploadPart|PutObject/, nth: 3 });
    await expectCancelled("sync-checkpoints", result);
    const next = await job.run("sync-checkpoints");
    expect(next.status, next.log.join("\n")).toBe(0);
    expect(next.outputs["changed"]).toBe("true");
  });

  it("in the middle of a rollout leaves a release that the next run finishes", async () => {
    const result = await cancelledAt("release", { service: "kubernetes", operation: /^watch pods/ });
    await expectCancelled("release", result);
    expect(result.outputs["status"]).toBe("cancelled");
    const next = await job.run("release");
    expect(next.status, next.log.join("\n")).toBe(0);
    expect(next.outputs).toMatchObject({ passed: "true", revision: "1" });
    expect(next.outputs["record-sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("that is killed outright is settled by its post step", async () => {
    let child: ChildProcess | undefined;
    world.faults.add({
      service: "kubernetes",
      operation: /^watch pods/,
      effect: { kind: "hook", run: () => void child?.kill("SIGKILL") },
    });
    const upgrade = { surge: "recreate", values: "image: { pullPolicy: Always }" };
    const killed = await job.run("release", upgrade, {
      onStart: (started) => {
        child = started;
      },
    });
    expect(killed.signal).toBe("SIGKILL");
    const post = await job.post("release", killed);
    expect(post.status, post.log.join("\n")).toBe(0);
    const next = await job.run("release", upgrade);
    expect(next.status, next.log.join("\n")).toBe(0);
    expect(next.outputs["passed"]).toBe("true");
  });
});
