import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../sandbox/http.ts";
import type { StepResult } from "../../sandbox/runner/step.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { type HelmWrapper, wrapHelm } from "../support/helm-wrapper.ts";
import { arrived, hostileText, obeyed } from "../support/hostile.ts";
import { createJob, type Job } from "../support/job.ts";

let world: World;
let job: Job;
let helm: HelmWrapper;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world, 0.02);
  helm = wrapHelm(job.folder, world.tools);
  env = { PATH: `${helm.folder}:${process.env["PATH"]}` };
});

afterEach(() => {
  world.faults.clear();
  world.kubernetes.troubles.clear();
  helm.fail(undefined);
});

afterAll(async () => {
  job?.remove();
  await world?.close();
});

/** The step failed with the hostile words in sight, and none of them was obeyed. */
function expectText(action: string, result: StepResult): void {
  expect(result.status, result.log.join("\n")).toBe(1);
  expect(arrived(result), result.log.join("\n")).toBe(true);
  expect(obeyed(action, result)).toEqual([]);
  expect(result.outputs["headline"]).toMatch(/\S/);
}

function json(status: number, body: unknown): Answer {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function everyTime(service: string, operation: RegExp, answer: Answer): void {
  world.faults.add({ service, operation, times: 10_000, effect: { kind: "answer", answer } });
}

describe("hostile text stays text", () => {
  it("in a registry's error body", async () => {
    everyTime("registry", /^(POST|PUT|PATCH)/, json(400, { errors: [{ code: "DENIED", message: hostileText }] }));
    expectText("push-images", await job.run("push-images"));
  });

  it("in an error of S3", async () => {
    const escaped = hostileText
      .replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;");
    const body = `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>${escaped}</Message></Error>`;
    everyTime("s3", /PutObject|CreateMultipartUpload|UploadPart/, {
      status: 403,
      headers: { "content-type": "application/xml" },
      body,
    });
    expectText("sync-checkpoints", await job.run("sync-checkpoints"));
  });

  it("in an error of IAM", async () => {
    everyTime("iam", /CreatePolicy|CreateRole/, {
      status: 403,
      headers: { "content-type": "text/xml" },
      body: `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>hostile words&#10;::set-output name=role-arn::x&#10;##[error]x</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
    });
    expectText("ensure-irsa", await job.run("ensure-irsa"));
  });

  it("in what helm prints when it fails", async () => {
    helm.fail(`cat <<'HOSTILE'\n${hostileText}\nHOSTILE`);
    expectText("release", await job.run("release", {}, { env }));
  });

  it("in the log of a pod, in a diagnosis that stays one output", async () => {
    const lines = hostileText.split("\n");
    world.kubernetes.troubles.add({ kind: "init-crash", lines }, /inference-/);
    const result = await job.run("release", { "on-failure": "keep" }, { env });
    expectText("release", result);
    const [first] = JSON.parse(result.outputs["diagnosis"]!) as readonly { cause: string }[];
    expect(JSON.stringify(first)).toContain("hostile words");
    world.kubernetes.troubles.clear();
    const fresh = { surge: "recreate", values: "image: { pullPolicy: Always }" };
    const again = await job.run("release", fresh, { env });
    expect(again.status, again.log.join("\n")).toBe(0);
  });

  it("in a model's answer, in results that stay one output", async () => {
    const message = { role: "assistant", content: hostileText };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    const answer = { id: "1", object: "chat.completion", created: 1, model: "Laguna", choices };
    everyTime("model", /POST \/v1\/chat\/completions/, json(200, answer));
    const result = await job.run("release", { command: "smoke", only: "laguna-m" }, { env });
    expect(result.status, result.log.join("\n")).toBe(1);
    expect(obeyed("release", result)).toEqual([]);
    expect(JSON.stringify(JSON.parse(result.outputs["results"]!))).toContain("hostile words");
  });

  it("in a model's error", async () => {
    everyTime("model", /POST \/v1\/chat\/completions/, json(400, { error: { message: hostileText } }));
    const result = await job.run("release", { command: "smoke", only: "laguna-m" }, { env });
    expectText("release", result);
  });
});
