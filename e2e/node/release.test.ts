import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sampleModels } from "../../sandbox/sample/spec.ts";
import { runAction } from "../../src/action/run.ts";
import { helmDeploy } from "../../src/actions/helm-deploy/index.ts";
import { release } from "../../src/actions/release/index.ts";
import type { Diagnosis } from "../../src/deploy/diagnosis/diagnosis.ts";
import type { PlacedImage } from "../../src/images/plan.ts";
import type { ReleaseRecord } from "../../src/record/record.ts";
import type { TestRunner } from "../../test/support/runner.ts";
import { apiKey, type NodeRoom, namespace, openNodeRoom } from "./room.ts";

let room: NodeRoom;
beforeAll(async () => {
  room = await openNodeRoom();
});
afterAll(() => room?.close());

async function deploy(inputs: Readonly<Record<string, string>>): Promise<TestRunner> {
  const runner = room.runner(inputs);
  await runAction(helmDeploy, runner);
  return runner;
}

const codes = (runner: TestRunner) =>
  (JSON.parse(runner.outputs["diagnosis"] || "[]") as Diagnosis[]).map(({ code }) => code);

describe("a release on a real node", () => {
  let first: TestRunner;

  it("is pushed, synced, authorised, rendered, deployed, proven and recorded in one step", async () => {
    first = room.runner();
    await runAction(release, first);
    expect(first.failures, first.context.recorded.lines.slice(-30).join("\n")).toEqual([]);
    expect(first.outputs).toMatchObject({ status: "deployed", revision: "1", passed: "true" });
  });

  it("runs exactly the bytes that were pushed, pulled by containerd from a registry that others wrote", async () => {
    const images = JSON.parse(first.outputs["images"]!) as Record<string, PlacedImage>;
    const pods = await room.pods(namespace);
    expect(pods).toHaveLength(sampleModels.length);
    for (const { status } of pods)
      for (const { imageID, ready } of [...status.initContainerStatuses, ...status.containerStatuses]) {
        expect(imageID).toContain(images["atlas"]!.digest);
        expect(ready).toBe(true);
      }
  });

  it("brought the checkpoint with the service account's own token, by the policy that ensure-irsa wrote", async () => {
    const [pod] = await room.pods(namespace);
    const path = `/api/v1/namespaces/${namespace}/pods/${pod!["metadata"].name}/log?container=model-downloader`;
    const { text } = (await room.cluster.api.ask("GET", path)).body;
    expect(text).toMatch(/downloaded \d+ files, \d+ bytes/);
    const assumed = room.world.requests.all.filter(({ name }) => name === "AssumeRoleWithWebIdentity");
    expect(assumed.length).toBeGreaterThanOrEqual(sampleModels.length);
    const read = room.world.requests.all.filter(
      ({ name, principal }) => name === "GetObject" && principal?.includes("inference-pod-role"),
    );
    expect(read.length).toBeGreaterThan(0);
  });

  it("left a record of what was proven, without the key", async () => {
    const text = room.world.aws.s3.read(
      room.world.names.bucket,
      `eks-deploy/records/${first.outputs["record-sha256"]}.json`,
    )!;
    const record = JSON.parse(text.toString()) as ReleaseRecord;
    expect(Object.keys(record.checkpoints)).toEqual(sampleModels.map(({ key }) => key));
    expect(text.toString()).not.toContain(apiKey);
  });

  it("changes nothing the second time, as the API server's own log says", async () => {
    const [caller] = room.world.cluster.accessEntries.values();
    const written = () => room.cluster.writes(caller!.username);
    const before = written();
    expect(before).toContain(`create namespaces ${namespace}`);
    const mark = room.world.requests.all.length;
    const again = room.runner();
    await runAction(release, again);
    expect(again.failures).toEqual([]);
    expect(again.outputs["changed"]).toBe("false");
    expect(written()).toEqual(before);
    expect(room.world.requests.writes(mark).filter(({ service }) => service !== "model")).toEqual([]);
  });

  it("names an image that the registry does not have, in containerd's own words, and goes back to what served", async () => {
    const broken = await deploy({
      ...inputsOf(first),
      "values-file": changedValues(first, (values) => {
        values["image"].tag = "does-not-exist";
      }),
      surge: "recreate",
      // Preflight finds it too, before the first write.
      accept: "DEPLOY_IMAGE_NOT_FOUND",
    });
    expect(broken.failures).toMatchObject([{ code: "DEPLOY_IMAGE_NOT_FOUND" }]);
    expect(broken.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1" });
  });

  it("names a trust policy that knows another namespace: AccessDenied, as in the guide", async () => {
    const values = changedValues(first, (all) => {
      all["models"] = { point: { ...all["models"].point, gpus: 1 } };
    });
    const denied = await deploy({
      ...inputsOf(first),
      "values-file": values,
      namespace: "elsewhere",
      release: "inference",
    });
    expect(denied.failures).toHaveLength(1);
    expect(codes(denied)).toEqual(["DEPLOY_ROLE_NOT_ASSUMED"]);
    expect(denied.failures[0]!.message).toContain("AccessDenied");
    expect(denied.outputs["status"]).toBe("rolled-back");
  });
});

function inputsOf(run: TestRunner): Readonly<Record<string, string>> {
  return {
    bundle: join(room.folder, "poolside-2611"),
    "values-file": run.outputs["values-file"]!,
    cluster: room.world.names.cluster,
    "aws-region": room.world.names.region,
    namespace,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the chart's values have no type here
function changedValues(run: TestRunner, change: (values: Record<string, any>) => void): string {
  const values = parse(readFileSync(join(room.folder, run.outputs["values-file"]!), "utf8"));
  change(values);
  const path = join(room.folder, `values-${Math.round(performance.now())}.json`);
  writeFileSync(path, JSON.stringify(values));
  return path;
}
