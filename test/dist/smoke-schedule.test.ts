import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job, jobKey } from "../support/job.ts";

let world: World;
let job: Job;

/** The smoke test acts as the plan role of docs/permissions.md. */
beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world);
  expect((await job.run("release")).status).toBe(0);
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/permissions.md"), "utf8");
  const part = page.slice(page.indexOf("### plan\n"));
  const { account, bucket, certificateArn, cluster, region } = world.names;
  const filled = {
    "<P>": "aws",
    "<A>": account,
    "<R>": region,
    "PREFIX*": "*",
    BUCKET: bucket,
    CERTIFICATE: certificateArn,
    '"KEY"': `"arn:aws:kms:${region}:${account}:key/*"`,
    CLUSTER: cluster,
    "NODE-ROLE": `${cluster}-node`,
  };
  let policy = /```json\n([\s\S]*?)```/.exec(part)![1]!;
  for (const [placeholder, value] of Object.entries(filled)) policy = policy.replaceAll(placeholder, value);
  const { arn } = world.addGithubRole("eks-deploy-plan", JSON.parse(policy));
  const spec = join(job.workspace, "eks-deploy.yaml");
  const text = readFileSync(spec, "utf8");
  writeFileSync(spec, text.replace(/aws: \{ (.*?) \}/, `aws: { $1, roles: { plan: "${arn}" } }`));
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
