import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../../sandbox/world.ts";
import { createJob, type Job } from "../support/job.ts";

const library = resolve(import.meta.dirname, "../../dist/index.js");

let world: World;
let job: Job;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world, 0.02);
  writeFileSync(join(job.folder, "cli.mjs"), `import { cli } from "${library}";\nawait cli(process.argv.slice(2));\n`);
  mkdirSync(join(job.folder, "tmp"));
});

afterAll(async () => {
  job?.remove();
  await world?.close();
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in the job's workspace, outside GitHub. */
function run(...args: readonly string[]): Promise<Ran> {
  const env = {
    ...world.env,
    PATH: `${world.tools}:${process.env["PATH"]}`,
    HOME: job.folder,
    TMPDIR: join(job.folder, "tmp"),
    API_KEY: "canary-cli-key-19ab",
  };
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [join(job.folder, "cli.mjs"), ...args],
      { cwd: job.workspace, env },
      (_, stdout, stderr) => done({ code: child.exitCode, stdout, stderr }),
    );
  });
}

describe("the command line, through dist/", () => {
  it("plans a release without a write, and prints it as JSON when asked", async () => {
    const { code, stdout, stderr } = await run("plan", "-e", "dev", "--json", "--api-key", "env:API_KEY");
    expect(code, stderr).toBe(0);
    const outputs = JSON.parse(stdout) as Record<string, unknown>;
    expect(outputs).toMatchObject({ changed: false, "transfer-images": true });
    expect(outputs["changes"]).toBeGreaterThan(8);
    expect(stderr).toContain("create   repository atlas");
    expect(stdout + stderr).not.toContain("canary-cli-key-19ab");
    expect(world.requests.writes()).toEqual([]);
  });

  it("runs a single action, and says how it ended", async () => {
    const { code, stdout, stderr } = await run("push-images", "-e", "dev");
    expect(code, stdout + stderr).toBe(0);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^2 images of 2 pushed and read back by digest, .* sent\.$/);
    expect(stdout + stderr).not.toMatch(/^::/m);
  });

  it("fails with exit code 1 and one clear error", async () => {
    const { code, stdout } = await run("ensure-irsa", "-e", "dev", "--aws-account-id", "111111111111");
    expect(code).toBe(1);
    expect(stdout).toMatch(/error AWS_ACCOUNT_MISMATCH\n {2}\S/);
  });

  it("says what is wrong with a command line, with exit code 2", async () => {
    const { code, stdout, stderr } = await run("plan", "--enviroment", "dev");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Did you mean --environment?");
  });

  it("writes a first spec from the bundle, and checks it", async () => {
    const init = await run("spec", "init", "--bundle", "./poolside-2611", "--output", "first.yaml");
    expect(init).toMatchObject({ code: 0, stderr: "" });
    expect(await run("spec", "check", "--spec", "first.yaml")).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(job.workspace)).toContain("first.yaml");
  });

  it("explains a key of the spec", async () => {
    const { stdout } = await run("spec", "explain", "aws.account", "-e", "dev");
    expect(stdout).toContain("input: aws-account-id");
    expect(stdout).toContain(world.names.account);
  });
});
