import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFiles, writeTar } from "./archives.ts";
import { mebibyte, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", 12 * mebibyte);
const base = "checkpoints/laguna-m/laguna_m_2611";
const manifest = `${base}/.eks-deploy/manifest.json`;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

function inputs() {
  const path = writeTar(world.workspace, "laguna_m_2611.tar", files);
  return { checkpoints: `laguna-m=${path}`, "part-size": "5MiB", concurrency: "1" };
}

/** Objects of the prefix, without what differs between uploads of the same bytes. */
function state() {
  return world.s3.list("models").map(({ key, checksum }) => [key, key === manifest ? undefined : checksum?.value]);
}

/** Cancels the run when the nth request of S3 arrives; true where there was one. */
async function cancelAt(nth: number): Promise<boolean> {
  const cancel = new AbortController();
  world.ground.faults.add({ service: "s3", nth, effect: { kind: "hook", run: () => cancel.abort() } });
  const ended = await world.sync(inputs(), { signal: cancel.signal });
  world.ground.faults.clear();
  return ended.outcome === "cancelled";
}

/** Leaves an upload that has all of its parts and is not completed. */
async function leaveUnfinished(): Promise<void> {
  const fault = { service: "s3", operation: "CompleteMultipartUpload", times: 100, effect: { kind: "reset" } } as const;
  world.ground.faults.add(fault);
  await world.sync(inputs());
  world.ground.faults.clear();
}

describe("a sync that was interrupted", () => {
  it("ends in the same state when it is run again, at whatever request it was cut", async () => {
    await world.sync(inputs());
    const wanted = state();
    let cuts = 0;
    for (let nth = 1; nth < 40; nth += 1) {
      for (const { key } of world.s3.list("models")) world.s3.bucket("models").delete(key);
      world.s3.bucket("models").uploads.clear();
      if (!(await cancelAt(nth))) break;
      cuts += 1;
      const partial = world.s3.read("models", manifest) !== undefined;
      if (partial) expect(state()).toEqual(wanted);
      const again = await world.sync(inputs());
      expect(again.failure, `cut at request ${nth}`).toBeUndefined();
      expect(state()).toEqual(wanted);
      expect(world.s3.uploads("models")).toEqual([]);
    }
    expect(cuts).toBeGreaterThan(12);
  });

  it("sends no finished part and no finished file again", async () => {
    world.ground.faults.add({ service: "s3", operation: "UploadPart", nth: 3, times: 100, effect: { kind: "reset" } });
    expect((await world.sync(inputs())).outcome).toBe("failed");
    world.ground.faults.clear();
    const again = await world.sync(inputs());
    expect(again.failure).toBeUndefined();
    expect(again.writes.filter((name) => name === "UploadPart")).toHaveLength(1);
    expect(again.writes).not.toContain("CreateMultipartUpload");
    const third = await world.sync(inputs());
    expect(third.writes).toEqual([]);
  });

  it("sends a part again that S3 holds with other bytes", async () => {
    await leaveUnfinished();
    const [upload] = world.s3.uploads("models");
    const part = upload!.parts.get(2)!;
    upload!.parts.set(2, { ...part, checksum: "AAAAAA==" });
    const again = await world.sync(inputs());
    expect(again.failure).toBeUndefined();
    expect(again.writes.filter((name) => name === "UploadPart")).toHaveLength(1);
  });

  it("ends an upload whose parts are cut otherwise, until nothing is left of it, and begins anew", async () => {
    await leaveUnfinished();
    const again = await world.sync({ ...inputs(), "part-size": "6MiB" });
    expect(again.failure).toBeUndefined();
    expect(again.writes.filter((name) => name === "AbortMultipartUpload")).toHaveLength(1);
    expect(again.requests.filter((name) => name === "ListParts").length).toBeGreaterThan(1);
    expect(world.s3.uploads("models")).toEqual([]);
  });

  it("ends what it began earlier of a file that it continues otherwise", async () => {
    await leaveUnfinished();
    const [upload] = world.s3.uploads("models");
    const older = { ...upload!, id: "older", initiated: new Date(0) };
    world.s3.bucket("models").uploads.set("older", older);
    const again = await world.sync(inputs());
    expect(again.failure).toBeUndefined();
    expect(again.writes.filter((name) => name === "UploadPart")).toEqual([]);
    expect(world.s3.uploads("models")).toEqual([]);
  });

  it("never touches a stranger's upload", async () => {
    await leaveUnfinished();
    const [upload] = world.s3.uploads("models");
    const stranger = { ...upload!, id: "theirs", initiator: "arn:aws:iam::210987654321:user/somebody" };
    world.s3.bucket("models").uploads.set("theirs", stranger);
    expect((await world.sync(inputs())).failure).toBeUndefined();
    expect(world.s3.uploads("models").map(({ id }) => id)).toEqual(["theirs"]);
  });

  it("does not take a prefix without a manifest for complete, and adopts what lies there without sending it", async () => {
    for (const file of files) world.s3.put("models", `${base}/${file.path}`, file.content!);
    const ended = await world.sync(inputs());
    expect(ended.failure).toBeUndefined();
    expect(ended.writes).toEqual(["PutObject"]);
    expect(ended.outputs["checkpoints-bytes-uploaded"]).toBe("0");
    expect((await world.sync(inputs())).writes).toEqual([]);
  });

  it("sends what lies there with other bytes of the same size", async () => {
    for (const file of files) world.s3.put("models", `${base}/${file.path}`, file.content!);
    const other = Buffer.from(files[2]!.content!);
    other[100_000]! ^= 1;
    world.s3.put("models", `${base}/model.safetensors`, other);
    const ended = await world.sync(inputs());
    expect(ended.failure).toBeUndefined();
    expect(world.s3.read("models", `${base}/model.safetensors`)?.equals(files[2]!.content!)).toBe(true);
  });

  it.each([".tar", ".tar.gz"])(
    "writes over nothing that another uploader marked complete, and adopts it where it is the same (%s)",
    async (ending) => {
      const own = inputs();
      const tar = join(world.workspace, "laguna_m_2611.tar");
      if (ending === ".tar.gz") {
        own.checkpoints += ".gz";
        writeFileSync(`${tar}.gz`, gzipSync(readFileSync(tar)));
      }
      for (const file of files) world.s3.put("models", `${base}/${file.path}`, file.content!);
      const other = Buffer.from(files[2]!.content!);
      other[100_000]! ^= 1;
      world.s3.put("models", `${base}/model.safetensors`, other);
      world.s3.put("models", `${base}/.checkpoint-complete`, "");
      const ended = await world.sync(own);
      expect(ended.failure?.code).toBe("CHECKPOINT_OTHER_BYTES");
      expect(world.s3.read("models", `${base}/model.safetensors`)?.equals(other)).toBe(true);
      expect(ended.writes).toEqual([]);
      world.s3.put("models", `${base}/model.safetensors`, files[2]!.content!);
      const again = await world.sync(own);
      expect(again.failure).toBeUndefined();
      expect(again.writes).toEqual(["PutObject"]);
    },
  );

  it("mends a file that somebody changed behind the manifest, and removes the manifest before", async () => {
    await world.sync(inputs());
    world.s3.put("models", `${base}/config.json`, "changed");
    const ended = await world.sync(inputs());
    expect(ended.failure).toBeUndefined();
    expect(ended.writes).toEqual(["DeleteObject", "PutObject", "PutObject"]);
    expect(world.s3.read("models", `${base}/config.json`)).toEqual(files[0]!.content);
  });
});
