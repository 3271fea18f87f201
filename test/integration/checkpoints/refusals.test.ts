import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Entry, tarOf } from "../../../sandbox/sample/tar.ts";
import { example } from "../../unit/record/record.ts";
import { checkpointFiles, checkpointTar, writeTar } from "./archives.ts";
import { account, mebibyte, region, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", mebibyte);

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

/** Runs on these bytes; nothing may have been written. */
async function refused(bytes: Buffer, more: Readonly<Record<string, string>> = {}): Promise<string | undefined> {
  writeFileSync(join(world.workspace, "laguna.tar"), bytes);
  const ended = await world.sync({ checkpoints: "laguna-m=./laguna.tar", ...more });
  expect(ended.writes).toEqual([]);
  expect(ended.outcome).toBe("failed");
  return ended.failure?.code;
}

const withFile = (entry: Entry) => tarOf([...files.map((file) => ({ ...file, path: `l/${file.path}` })), entry]);

/** A tar whose second header says another type. */
function withType(type: string): Buffer {
  const bytes = tarOf([
    { path: "l/link", content: Buffer.alloc(0) },
    { path: "l/config.json", content: Buffer.from("{}") },
  ]);
  bytes.write(type, 156);
  bytes.fill(" ", 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148);
  return bytes;
}

describe("a hostile or broken archive is refused before the first write", () => {
  it.each([
    ["../up", "TAR_PATH_UNSAFE"],
    ["/etc/passwd", "TAR_PATH_UNSAFE"],
    ["l\\config", "TAR_PATH_UNSAFE"],
    ["l/config.json", "TAR_DUPLICATE"],
    ["l/./config.json", "TAR_DUPLICATE"],
  ])("with the path %s", async (path, code) => {
    expect(await refused(withFile({ path, content: Buffer.from("x") }))).toBe(code);
  });

  it.each(["1", "2", "3", "4", "6"])("with a link, device or FIFO of type %s", async (type) => {
    expect(await refused(withType(type))).toBe("TAR_TYPE_REFUSED");
  });

  it("when it is cut at a block", async () => {
    const whole = checkpointTar(files);
    for (const left of [512, 1_024, 1_536, 2_048, 100 * 512, mebibyte])
      expect(await refused(whole.subarray(0, whole.length - left))).toMatch(/^TAR_/);
  });

  it("with a cut safetensors file, or one that its index misses", async () => {
    const model = files[2]!.content!;
    const cut = files.map((file, index) => (index === 2 ? { ...file, content: model.subarray(0, -8) } : file));
    expect(await refused(checkpointTar(cut))).toBe("SAFETENSORS_INVALID");
    const index = Buffer.from(JSON.stringify({ weight_map: { weight: "other.safetensors" } }));
    const more = [...files, { path: "model.safetensors.index.json", content: index }];
    expect(await refused(checkpointTar(more))).toBe("CHECKPOINT_INDEX_INCOMPLETE");
  });

  it("with an inner archive, a folder too deep, or two top folders", async () => {
    expect(await refused(tarOf([{ path: "l/laguna.tar", content: Buffer.from("x") }]))).toBe(
      "CHECKPOINT_INNER_ARCHIVE",
    );
    expect(await refused(checkpointTar(files, "x/laguna"))).toBe("CHECKPOINT_TOO_DEEP");
    expect(await refused(withFile({ path: "other/x", content: Buffer.from("x") }))).toBe("CHECKPOINT_TOP_FOLDER");
  });

  it("when it is no archive at all", async () => {
    writeFileSync(join(world.workspace, "laguna.bin"), Buffer.alloc(4_096, "x"));
    const ended = await world.sync({ checkpoints: "laguna-m=./laguna.bin" });
    expect(ended.failure?.code).toBe("CHECKPOINT_FORMAT");
  });
});

describe("the wrong place is refused before the first write", () => {
  const run = async (more: Readonly<Record<string, string>>) => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const ended = await world.sync({ checkpoints: `laguna-m=${path}`, ...more });
    expect(ended.writes).toEqual([]);
    return ended.failure?.code;
  };

  it("another account than the expected one", async () => {
    expect(await run({ "aws-account-id": "310987654321" })).toBe("AWS_ACCOUNT_MISMATCH");
  });

  it("a bucket in another region", async () => {
    world.s3.addBucket({ name: "elsewhere", region: "eu-west-1", owner: account });
    expect(await run({ bucket: "elsewhere" })).toBe("BUCKET_REGION");
  });

  it("a bucket of another owner, also one that lets us in", async () => {
    world.s3.addBucket({ name: "theirs", region, owner: "310987654321", sharedWith: [account] });
    expect(await run({ bucket: "theirs" })).toBe("BUCKET_REFUSED");
    const path = writeTar(world.workspace, "laguna.tar", files);
    const named = await world.sync({
      checkpoints: `laguna-m=${path}`,
      bucket: "theirs",
      "bucket-owner": "310987654321",
    });
    expect(named.failure).toBeUndefined();
  });

  it("a bucket that does not exist, and a directory bucket", async () => {
    expect(await run({ bucket: "nobodys" })).toBe("BUCKET_NOT_FOUND");
    expect(await run({ bucket: "fast--use2-az1--x-s3" })).toBe("BUCKET_DIRECTORY");
  });

  it("a key that is disabled or not there", async () => {
    const key = world.kms.add({ state: "Disabled" });
    expect(await run({ "kms-key-arn": key.arn })).toBe("CHECKPOINT_ENCRYPTION");
    expect(await run({ "kms-key-arn": `arn:aws:kms:${region}:${account}:key/none` })).toBe("CHECKPOINT_ENCRYPTION");
  });
});

describe("a complete checkpoint", () => {
  it("is not changed in place by other bytes of the same name, unless replace says so", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    await world.sync({ checkpoints: `laguna-m=${path}` });
    writeTar(world.workspace, "laguna.tar", checkpointFiles("other", mebibyte));
    const inputs = { checkpoints: `laguna-m=${path}` };
    const ended = await world.sync(inputs);
    expect(ended.failure?.code).toBe("CHECKPOINT_OTHER_BYTES");
    expect(ended.writes).toEqual([]);
    const replaced = await world.sync({ ...inputs, replace: "true" });
    expect(replaced.failure).toBeUndefined();
    expect(replaced.writes[0]).toBe("DeleteObject");
    expect((await world.sync(inputs)).writes).toEqual([]);
  });

  it("is not replaced while a kept record refers to it", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const first = await world.sync({ checkpoints: `laguna-m=${path}` });
    const prefix = JSON.parse(first.outputs["prefixes"]!)["laguna-m"];
    world.s3.put(
      "models",
      "eks-deploy/records/x.json",
      JSON.stringify({ ...example, checkpoints: { "laguna-m": { prefix } } }),
    );
    writeTar(world.workspace, "laguna.tar", checkpointFiles("other", mebibyte));
    const inputs = { checkpoints: `laguna-m=${path}`, replace: "true", records: "s3://models/eks-deploy/" };
    const ended = await world.sync(inputs);
    expect(ended.failure?.code).toBe("CHECKPOINT_IN_USE");
    expect(ended.writes).toEqual([]);
  });

  it("tells objects that are not part of it, and deletes them when asked", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const inputs = { checkpoints: `laguna-m=${path}` };
    await world.sync(inputs);
    world.s3.put("models", "checkpoints/laguna-m/laguna/old.safetensors", "x");
    const told = await world.sync(inputs);
    expect(told.findings).toEqual(["CHECKPOINT_EXTRA_FILES"]);
    expect(told.writes).toEqual([]);
    const deleted = await world.sync({ ...inputs, "delete-extra": "true" });
    expect(deleted.writes).toEqual(["DeleteObjects"]);
    expect(world.s3.read("models", "checkpoints/laguna-m/laguna/old.safetensors")).toBeUndefined();
  });

  it("is proven by the checksum of each object where that is asked for", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const inputs = { checkpoints: `laguna-m=${path}`, verify: "checksum" };
    const ended = await world.sync(inputs);
    expect(ended.requests.filter((name) => name === "HeadObject")).toHaveLength(files.length);
    const key = "checkpoints/laguna-m/laguna/config.json";
    const object = world.s3.bucket("models").get(key)!;
    world.s3.bucket("models").put({ ...object, checksum: { ...object.checksum!, value: "AAAAAA==" } });
    expect((await world.sync(inputs)).failure?.code).toBe("CHECKPOINT_INCOMPLETE");
  });

  it("is encrypted with the bucket's key, or the named one", async () => {
    const key = world.kms.add();
    const path = writeTar(world.workspace, "laguna.tar", files);
    const ended = await world.sync({ checkpoints: `laguna-m=${path}`, "kms-key-arn": key.arn });
    expect(ended.failure).toBeUndefined();
    for (const object of world.s3.list("models")) expect(object.encryption).toMatchObject({ keyArn: key.arn });
  });
});
