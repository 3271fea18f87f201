import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { example } from "../../unit/record/record.ts";
import { presigned, type S3Server } from "../sandbox-s3/server.ts";
import { checkpointFiles, checkpointTar, writeTar } from "./archives.ts";
import { account, mebibyte, region, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", 2 * mebibyte);

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

/** A record of what a first sync put into the bucket `dev`. */
async function proven(): Promise<void> {
  world.s3.addBucket({ name: "dev", region, owner: account });
  const path = writeTar(world.workspace, "laguna_m.tar", files);
  const first = await world.sync({ checkpoints: `laguna-m=${path}`, bucket: "dev" });
  const prefix = JSON.parse(first.outputs["prefixes"]!)["laguna-m"];
  const manifest = JSON.parse(first.outputs["manifests"]!)["laguna-m"].digest;
  const record = { ...example, checkpoints: { "laguna-m": { prefix, manifest } } };
  writeFileSync(join(world.workspace, "record.json"), JSON.stringify(record));
}

const promote = (more: Readonly<Record<string, string>> = {}) => world.sync({ "from-record": "record.json", ...more });

describe("a release record as the source", () => {
  it("copies the proven checkpoint from its bucket into ours, under the same version and manifest", async () => {
    await proven();
    const ended = await promote();
    expect(ended.failure).toBeUndefined();
    expect(ended.writes.filter((name) => name === "CopyObject")).toHaveLength(files.length);
    expect(JSON.parse(ended.outputs["prefixes"]!)).toEqual({ "laguna-m": "s3://models/checkpoints/laguna-m/laguna_m" });
    expect((await promote()).writes).toEqual([]);
  });

  it("uses a checkpoint that lies in our bucket where it is", async () => {
    await proven();
    const ended = await promote({ bucket: "dev" });
    expect(ended).toMatchObject({ outcome: "done", writes: [] });
    expect(JSON.parse(ended.outputs["prefixes"]!)["laguna-m"]).toBe("s3://dev/checkpoints/laguna-m/laguna_m");
  });

  it("refuses a checkpoint that is not the proven one any more", async () => {
    await proven();
    writeTar(world.workspace, "laguna_m.tar", checkpointFiles("other", 2 * mebibyte));
    await world.sync({ checkpoints: "laguna-m=./laguna_m.tar", bucket: "dev", replace: "true" });
    for (const bucket of ["models", "dev"]) {
      const ended = await promote({ bucket });
      expect(ended.failure?.code).toBe("CHECKPOINT_RECORD");
      expect(ended.writes).toEqual([]);
    }
  });
});

describe("reports of an earlier job", () => {
  it("stand for the sync: the prefixes are proven and used, the sources are not needed", async () => {
    const path = writeTar(world.workspace, "laguna_m.tar", files);
    const first = await world.sync({ checkpoints: `laguna-m=${path}` });
    const folder = join(world.workspace, "reports");
    mkdirSync(folder);
    const outputs = { prefixes: JSON.parse(first.outputs["prefixes"]!) };
    const report = { version: 1, action: "sync-checkpoints", outcome: "done", outputs };
    writeFileSync(join(folder, "report.json"), JSON.stringify(report));
    const inputs = { checkpoints: "laguna-m=env:NOT_HERE", reports: folder };
    const later = await world.sync(inputs);
    expect(later).toMatchObject({ outcome: "done", writes: [] });
    expect(later.outputs["manifests"]).toBe(first.outputs["manifests"]);
    expect(later.outputs["plan-sha256"]).toBe(first.outputs["plan-sha256"]);
    world.s3.bucket("models").delete("checkpoints/laguna-m/laguna_m/config.json");
    expect((await world.sync(inputs)).failure?.code).toBe("CHECKPOINT_INCOMPLETE");
    expect((await world.sync({ checkpoints: inputs.checkpoints })).failure?.code).toBe("CHECKPOINT_SOURCE_UNSET");
  });
});

describe("a presigned URL", () => {
  it("is read by ranges and is never shown", async () => {
    world.s3.put("models", "intake/laguna_m.tar", checkpointTar(files));
    const credentials = {
      accessKeyId: process.env["AWS_ACCESS_KEY_ID"]!,
      secretAccessKey: process.env["AWS_SECRET_ACCESS_KEY"]!,
    };
    const client = () => new S3Client({ region, endpoint: world.url, forcePathStyle: true, credentials });
    const url = await presigned({ url: world.url, client } as unknown as S3Server, "/models/intake/laguna_m.tar");
    const ended = await world.sync({ checkpoints: "laguna-m=env:LAGUNA_URL" }, { env: { LAGUNA_URL: url } });
    expect(ended.failure).toBeUndefined();
    for (const file of files)
      expect(world.s3.read("models", `checkpoints/laguna-m/laguna_m/${file.path}`)?.equals(file.content!)).toBe(true);
    const manifest = String(world.s3.read("models", "checkpoints/laguna-m/laguna_m/.eks-deploy/manifest.json"));
    const told = [JSON.stringify(ended.outputs), ended.lines.join("\n"), manifest];
    for (const text of told) expect(text).not.toContain("X-Amz-Signature");
    const again = await presigned({ url: world.url, client } as unknown as S3Server, "/models/intake/laguna_m.tar");
    expect(
      (await world.sync({ checkpoints: "laguna-m=env:LAGUNA_URL" }, { env: { LAGUNA_URL: again } })).writes,
    ).toEqual([]);
  });
});
