import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Faults } from "../../sandbox/faults.ts";
import { type Listening, listen } from "../../sandbox/http.ts";
import type { Registry } from "../../sandbox/registry/service.ts";
import { RequestLog } from "../../sandbox/requests.ts";
import { sampleTags, writeSampleBundle } from "../../sandbox/sample/bundle.ts";
import type { Ground } from "../../sandbox/service.ts";
import { startAws } from "../../sandbox/world/aws.ts";
import { runAction } from "../../src/action/run.ts";
import { pushImages } from "../../src/actions/push-images/index.ts";
import type { PlacedImage } from "../../src/images/plan.ts";
import { systemClock } from "../../src/retry.ts";
import { testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import { useAwsEnvironment } from "../environment.ts";
import { crane } from "../software.ts";
import { run } from "../tools/run.ts";
import { type DistributionServer, registryPassword, startDistribution } from "./distribution.ts";

const account = "210987654321";
const region = "us-east-2";
let distribution: DistributionServer;
let sandbox: { readonly registry: Registry; readonly endpoint: Listening };
let restore: () => void;
let folder: string;
const defects: unknown[] = [];

/** ECR's control plane is the sandbox's; the registry that it names is the other's. */
beforeAll(async () => {
  distribution = await startDistribution();
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-push-"));
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 0,
    onDefect: (error) => void defects.push(error),
  };
  const { states, handler, registry } = await startAws(ground, {
    account,
    region,
    partition: "aws",
    issuers: () => undefined,
    clocks: () => [Date.now()],
    discard: false,
  });
  states.ecr.host = distribution.host;
  states.ecr.issueToken = () => ({ password: registryPassword, expiresAt: Date.now() + 12 * 60 * 60 * 1000 });
  const user = states.principals.addUser(account, "tester");
  const endpoint = await listen(handler, ground.onDefect);
  sandbox = { registry, endpoint };
  restore = useAwsEnvironment({
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ACCESS_KEY_ID: user.caller.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.secretAccessKey,
  });
});

afterAll(async () => {
  restore?.();
  await Promise.all([sandbox?.registry.close(), sandbox?.endpoint.close(), distribution?.close()]);
  rmSync(folder, { recursive: true, force: true });
  expect(defects).toEqual([]);
});

async function push(): Promise<TestRunner> {
  const ambient = { region, workspace: folder, temp: join(folder, "temp") };
  const runner = testRunner({ bundle: "./bundle" }, testContext({ clock: systemClock, ambient }));
  await runAction(pushImages, runner);
  return runner;
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

it("pushes a bundle into a registry that others wrote, where another client finds every byte under the same digests", async () => {
  writeSampleBundle(join(folder, "bundle"));
  const first = await push();
  expect(first.failures).toEqual([]);
  const images = JSON.parse(first.outputs["images"]!) as Record<string, PlacedImage>;
  expect(Object.keys(images)).toEqual(["atlas", "public-docs"]);
  expect(first.outputs["images-bytes-uploaded"]).not.toBe("0");

  const program = await crane.get();
  const env = { DOCKER_CONFIG: join(folder, "crane") };
  const login = ["auth", "login", distribution.host, "-u", "AWS", "-p", registryPassword];
  await run(program, login, { env });
  for (const [name, tag] of [
    ["atlas", sampleTags.atlas],
    ["public-docs", sampleTags.docs],
  ] as const) {
    const reference = `${distribution.host}/${name}:${tag}`;
    const digest = await run(program, ["digest", "--insecure", reference], { env });
    expect(digest.trim()).toBe(images[name]!.digest);
    expect(images[name]!.uri).toContain(distribution.host);
    const pulled = join(folder, `pulled-${name}`);
    await run(program, ["pull", "--insecure", "--format=oci", reference, pulled], { env });
    const blobs = readdirSync(join(pulled, "blobs/sha256"));
    for (const blob of blobs) expect(sha256(readFileSync(join(pulled, "blobs/sha256", blob)))).toBe(blob);
    expect(blobs).toContain(images[name]!.digest.replace("sha256:", ""));
    expect(blobs.length).toBeGreaterThanOrEqual(4);
  }
});

it("uploads nothing the second time", async () => {
  const second = await push();
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false", "images-bytes-uploaded": "0" });
});
