import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { interpolate } from "./expressions.ts";
import { stepsOf, workflowOf } from "./files.ts";
import { type Comment, fakeGithub, type Issue, runScript } from "./github-script.ts";

/** The script of a workflow's step with actions/github-script. */
function scriptOf(path: string): string {
  return String(scriptStep(path).with?.["script"]);
}

function scriptStep(path: string) {
  return stepsOf(workflowOf(path)).find(({ step: { uses } }) => uses?.startsWith("actions/github-script@"))!.step;
}

describe("the plan's comment", () => {
  const script = scriptOf(".github/workflows/plan.yml");
  const planned = {
    headline: "inference (dev) would be released with 2 changes.",
    planSha256: "ab".repeat(32),
    changes: [
      {
        verb: "upload",
        kind: "image",
        name: "atlas",
        to: { unknown: "known once the bundle was read", identity: "etag:1" },
        reason: "not there yet",
      },
      {
        verb: "upgrade",
        kind: "release",
        name: "inference",
        from: "revision 3",
        to: "revision 4",
        reason: "values differ",
      },
    ],
  };
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-deploy-comment-"));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function commented(report: object, comments: Comment[] = [], environment = "dev"): Promise<readonly Comment[]> {
    const path = join(folder, "report.json");
    writeFileSync(path, JSON.stringify(report));
    await runScript(script, fakeGithub(comments), { REPORT: path, ENVIRONMENT: environment });
    return comments;
  }

  it("shows every change, what is unknown by its reason, and where the run is", async () => {
    const [comment] = await commented(planned);
    expect(comment!.body).toContain(
      "| upload | image | `atlas` |  | `unknown: known once the bundle was read` | `not there yet` |",
    );
    expect(comment!.body).toContain(
      "| upgrade | release | `inference` | `revision 3` | `revision 4` | `values differ` |",
    );
    expect(comment!.body).toContain("[Summary](https://github.com/acme/models/actions/runs/4711)");
    expect(comment!.body).toContain(planned.planSha256);
  });

  it("is written anew, not a second time, and each environment has its own", async () => {
    const comments = [...(await commented(planned))];
    await commented({ ...planned, headline: "inference (dev) is up to date.", changes: [] }, comments);
    expect(comments).toHaveLength(1);
    expect(comments[0]!.body).toContain("is up to date");
    await commented(planned, comments, "production");
    expect(comments).toHaveLength(2);
  });

  it("does not overwrite what a person wrote", async () => {
    const theirs: Comment = { id: 99, user: { type: "User" }, body: "<!-- eks-deploy plan: dev -->" };
    const comments = await commented(planned, [theirs]);
    expect(comments.map(({ body }) => body.split("\n").length > 1)).toEqual([false, true]);
  });

  it("tells a failed plan by its code and remedy", async () => {
    const failure = { code: "CERTIFICATE_HOST", happened: "...", next: "Add the host to the certificate." };
    const [comment] = await commented({ ...planned, changes: [], failure });
    expect(comment!.body).toContain("❌");
    expect(comment!.body).toContain("`CERTIFICATE_HOST` `Add the host to the certificate.`");
  });

  it("keeps foreign text from becoming markup, a mention or another row", async () => {
    const name = "a` | <img src=x> @octocat\n| b | `";
    const [comment] = await commented({ ...planned, changes: [{ verb: "upload", kind: "image", name, reason: "" }] });
    const rows = comment!.body.split("\n").filter((line) => line.startsWith("| upload"));
    expect(rows).toEqual([expect.stringMatching(/^\| upload \| image \| `[^`|]*` \| {2}\| {2}\| {2}\|$/)]);
  });

  it("stays below GitHub's limit of 65,536 characters", async () => {
    const changes = Array.from({ length: 5_000 }, () => ({
      verb: "upload",
      kind: "image",
      name: "x".repeat(999),
      from: "y".repeat(999),
      to: "z".repeat(999),
      reason: "w".repeat(999),
    }));
    const [comment] = await commented({ ...planned, changes });
    expect(comment!.body.length).toBeLessThan(65_536);
    expect(comment!.body).toContain("4900 more in the summary.");
  });
});

describe("the issue of the hourly smoke test", () => {
  const script = scriptOf("workflows-examples/hourly-smoke.yml");

  /** The step's variables after the called workflow ended so. */
  const ended = (result: string, passed: string, headline: string): Readonly<Record<string, string>> => {
    const needs = { smoke: { result, outputs: { passed, headline } } };
    const env = Object.entries(scriptStep("workflows-examples/hourly-smoke.yml").env ?? {});
    return Object.fromEntries(env.map(([name, text]) => [name, String(interpolate(text, { needs }))]));
  };
  const failing = (headline: string) => ended("failure", "false", headline);
  const green = ended("success", "true", "3 models answer: proven.");
  const skipped = ended("success", "", "Smoke test skipped: release in progress.");

  it("is opened once while the test fails, and closed when the models answer again", async () => {
    const issues: Issue[] = [];
    const github = fakeGithub([], issues);
    for (const _ of [1, 2]) await runScript(script, github, failing("production: point does not answer."));
    expect(issues).toMatchObject([
      { state: "open", body: expect.stringContaining("point does not answer"), comments: [] },
    ]);
    await runScript(script, github, green);
    expect(issues).toMatchObject([{ state: "closed", comments: [expect.stringContaining("answer again")] }]);
    await runScript(script, github, failing("production: point does not answer."));
    expect(issues).toHaveLength(2);
  });

  it("follows when another thing fails", async () => {
    const issues: Issue[] = [];
    const github = fakeGithub([], issues);
    for (const headline of ["point does not answer.", "laguna-m is slow.", "laguna-m is slow."])
      await runScript(script, github, failing(headline));
    expect(issues).toMatchObject([{ state: "open", body: expect.stringMatching(/^laguna-m is slow\./), comments: [] }]);
  });

  it("stays open while the test is only skipped, and where the job ended without a verdict", async () => {
    const issues: Issue[] = [];
    const github = fakeGithub([], issues);
    await runScript(script, github, failing("point does not answer."));
    for (const env of [skipped, ended("cancelled", "", ""), ended("failure", "true", "the report was not kept")])
      await runScript(script, github, env);
    expect(issues).toMatchObject([{ state: "open", comments: [] }]);
  });

  it("is not opened while the models answer, nor while the test is skipped", async () => {
    const issues: Issue[] = [];
    for (const env of [green, skipped]) await runScript(script, fakeGithub([], issues), env);
    expect(issues).toEqual([]);
  });
});
