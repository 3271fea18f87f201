import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAction } from "../../../src/action/run.ts";
import { helmDeploy } from "../../../src/actions/helm-deploy/index.ts";
import { systemClock } from "../../../src/retry.ts";
import { testContext } from "../../support/context.ts";
import { testRunner } from "../../support/runner.ts";
import { apiKey, openRoom, type Room } from "../release/room.ts";

describe("the images of a release that helm-deploy alone looks after", () => {
  let room: Room;

  beforeAll(async () => {
    room = await openRoom();
    await room.pass();
  });

  afterAll(() => room.close());

  /** helm-deploy as a step of its own: nobody tells it digests. */
  async function deploy(inputs: Readonly<Record<string, string>> = {}) {
    const mark = room.mark();
    const ambient = {
      region: room.world.names.region,
      temp: join(room.folder, "temp", "alone"),
      workspace: room.folder,
      path: room.world.tools,
    };
    const own = {
      environment: "dev",
      "api-key": apiKey,
      chart: "./poolside-2611/charts/inference",
      "values-file": "inference_values.yaml",
      ...inputs,
    };
    const runner = testRunner(own, testContext({ clock: systemClock, ambient }));
    await runAction(helmDeploy, runner);
    return Object.assign(runner, { writes: room.writes(mark) });
  }

  /** Gives the tag of the model servers' image to other bytes, and what undoes it. */
  function moveTag(): () => void {
    const repository = [...room.world.aws.ecr.repositories.values()].find(({ name }) => name.endsWith("atlas"))!;
    const [tag, digest] = [...repository.tags][0]!;
    const moved = `sha256:${"e".repeat(64)}`;
    repository.images.set(moved, { ...repository.images.get(digest)!, digest: moved });
    repository.tags.set(tag, moved);
    return () => void repository.tags.set(tag, digest);
  }

  it("are held to what their tags have in ECR", async () => {
    const run = await deploy();
    expect(run.failures).toEqual([]);
    expect(run.outputs).toMatchObject({ status: "unchanged" });
  });

  it("fail where a pod runs other bytes than its tag has now", async () => {
    const moveBack = moveTag();
    const run = await deploy();
    moveBack();
    expect(run.failures).toMatchObject([{ code: "DEPLOY_IMAGE_DIFFERS" }]);
    expect(run.writes).toEqual([]);
  });

  it("are held to the record's digests rather than to a tag that was moved since", async () => {
    const moveBack = moveTag();
    const run = await deploy({ "from-record": "latest" });
    moveBack();
    expect(run.failures).toEqual([]);
  });

  it("stop a plan whose image is not in ECR", async () => {
    const run = await deploy({ preflight: "only", "values-file": "inference_values.yaml" });
    expect(run.failures).toEqual([]);
    expect(run.summary).toContain("Image ");
    const repository = [...room.world.aws.ecr.repositories.values()].find(({ name }) => name.endsWith("atlas"))!;
    const tags = [...repository.tags];
    repository.tags.clear();
    const missing = await deploy({ preflight: "only" });
    for (const [tag, digest] of tags) repository.tags.set(tag, digest);
    expect(missing.failures).toMatchObject([{ code: "DEPLOY_IMAGE_NOT_FOUND" }]);
    expect(missing.writes).toEqual([]);
  });
});
