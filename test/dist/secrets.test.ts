import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepResult } from "../../sandbox/runner/step.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { type HelmWrapper, wrapHelm } from "../support/helm-wrapper.ts";
import { presignedUrl, tarOfFolder } from "../support/intake.ts";
import { createJob, type Job } from "../support/job.ts";

/** With characters that JSON, URLs and XML write in their own way. */
const apiKey = `canary-api-key/+"&<5d1f>%`;
const s3KeyId = "AKIACANARY0000000000";
const s3Secret = "canary-s3-secret/AbCdEf0123456789+xyz";

/** What never may be seen, though nobody knows its value beforehand: ID tokens, EKS tokens, registry logins. */
const minted = [/eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/, /k8s-aws-v1\.[\w-]{20,}/, /QVdTO[\w+/=]{20,}/];

let world: World;
let job: Job;
let helm: HelmWrapper;
let inputs: Readonly<Record<string, string>>;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  world = await startWorld({ pace: 0.02 });
  job = createJob(world);
  helm = wrapHelm(job.folder, world.tools);
  const everything = { Effect: "Allow", Action: "*", Resource: "*" };
  const role = world.addGithubRole("releaser", { Version: "2012-10-17", Statement: [everything] });
  const bundle = tarOfFolder(join(job.workspace, "poolside-2611"), "poolside-2611");
  const checkpoint = readFileSync(join(job.workspace, "checkpoints/laguna_xs_2611.tar"));
  env = {
    BUNDLE_URL: await presignedUrl(world, "intake/poolside-2611.tar", bundle),
    CHECKPOINT_URL: await presignedUrl(world, "intake/laguna_xs_2611.tar", checkpoint),
    PATH: `${helm.folder}:${process.env["PATH"]}`,
  };
  inputs = {
    bundle: "env:BUNDLE_URL",
    checkpoints: [
      "laguna-m=./checkpoints/laguna_m_2611.tar",
      "laguna-xs=env:CHECKPOINT_URL",
      "point=./checkpoints/point_2611.tar",
    ].join("\n"),
    "role-to-assume": role.arn,
    "api-key": apiKey,
    "s3-access-key-id": s3KeyId,
    "s3-secret-access-key": s3Secret,
  };
});

afterAll(async () => {
  job?.remove();
  await world?.close();
});

function secretValues(): readonly string[] {
  const urls = [env["BUNDLE_URL"]!, env["CHECKPOINT_URL"]!];
  const signatures = urls.map((url) => new URL(url).searchParams.get("X-Amz-Signature")!);
  const values = [apiKey, s3Secret, world.env["AWS_SECRET_ACCESS_KEY"]!, world.github.requestToken];
  return [...values, ...urls, ...signatures];
}

/** Every file below the job that the step may have written, as text: outputs, summary, state, report, plan, record, values. */
function written(): readonly string[] {
  return readdirSync(job.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/work\/(poolside-2611|checkpoints)\//.test(path))
    .map((path) => `${path}\n${readFileSync(path, "latin1")}`);
}

/** Fails on the first text that holds a secret, plain or as base64, JSON or URL text write it. */
function expectClean(result: StepResult): void {
  const log = result.raw.split("\n").filter((line) => !line.startsWith("::add-mask::"));
  const texts = [log.join("\n"), helm.argv(), ...written()];
  const forms = secretValues().flatMap((value) => [
    value,
    Buffer.from(value).toString("base64").replace(/=+$/, "").slice(0, -1),
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
  ]);
  const leaks = texts.flatMap((text) =>
    [...forms.filter((form) => text.includes(form)), ...minted.flatMap((pattern) => pattern.exec(text)?.[0] ?? [])].map(
      (form) => `${form} in ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + form.length)}`,
    ),
  );
  expect(leaks).toEqual([]);
}

describe("secrets are seen nowhere", () => {
  it("in a dry run", async () => {
    const result = await job.run("release", { ...inputs, command: "plan" }, { env });
    expect(result.status, result.log.join("\n")).toBe(0);
    expectClean(result);
  });

  it("in a release that succeeds, with helm's command lines", async () => {
    const result = await job.run("release", inputs, { env });
    expect(result.status, result.log.join("\n")).toBe(0);
    expect(helm.argv()).toContain("upgrade");
    expectClean(result);
  });

  it("when helm prints its environment and the key before it fails", async () => {
    const spilled = [apiKey, s3Secret].map((value) => `printf '%s\\n' '${value.replaceAll("'", "'\\''")}'`);
    helm.fail(["echo spilled", "env", ...spilled, `printf '%s' '${apiKey}' | base64`].join("\n"));
    const result = await job.run(
      "release",
      { ...inputs, surge: "recreate", values: "image: { pullPolicy: Always }" },
      { env },
    );
    helm.fail(undefined);
    expect(result.status).toBe(1);
    expect(result.raw).toContain("spilled");
    expectClean(result);
  });

  it("when a service quotes the request that it refuses", async () => {
    const url = env["CHECKPOINT_URL"]!;
    const quoted = `<Error><Code>AccessDenied</Code><Message>quoted: ${url.replaceAll("&", "&amp;")} ${new URL(url).search}</Message></Error>`;
    world.faults.add({
      service: "s3",
      operation: "GetObject",
      resource: /intake\/laguna_xs/,
      times: 100,
      effect: { kind: "answer", answer: { status: 403, headers: { "content-type": "application/xml" }, body: quoted } },
    });
    const result = await job.run("sync-checkpoints", { ...inputs, versions: "laguna-xs=again" }, { env });
    world.faults.clear();
    expect(result.status, result.log.join("\n")).toBe(1);
    expectClean(result);
  });

  it("when an input that holds one is wrong", async () => {
    writeFileSync(join(job.workspace, "spec.yaml"), "version: 1\ndefaults: {}\n");
    const wrong = { ...inputs, spec: "spec.yaml", environment: "", cluster: apiKey, bundle: "env:S3_SECRET" };
    const result = await job.run("helm-deploy", wrong, { env: { ...env, S3_SECRET: s3Secret } });
    expect(result.status).toBe(1);
    expectClean(result);
  });
});
