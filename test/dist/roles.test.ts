import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job } from "../support/job.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/permissions.md"), "utf8");

/** The policy that docs/permissions.md gives for a role, its placeholders filled in. */
function policyOf(role: string, filled: Readonly<Record<string, string>>): object {
  const part = page.slice(page.indexOf(`### ${role}\n`));
  let text = /```json\n([\s\S]*?)```/.exec(part)![1]!;
  for (const [placeholder, value] of Object.entries(filled)) text = text.replaceAll(placeholder, value);
  return JSON.parse(text);
}

const roles = ["plan", "transfer", "deploy"] as const;

let world: World;
let job: Job;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world);
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
  for (const role of roles) world.addGithubRole(`eks-deploy-${role}`, policyOf(role, filled));
  const arns = roles.map((role) => `${role}: "arn:aws:iam::${account}:role/eks-deploy-${role}"`);
  const spec = join(job.workspace, "eks-deploy.yaml");
  const text = readFileSync(spec, "utf8");
  writeFileSync(spec, text.replace(/aws: \{ (.*?) \}/, `aws: { $1, roles: { ${arns.join(", ")} } }`));
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
