import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeTar as tarOf } from "../../unit/tar/writer.ts";
import { checkpointFiles, checkpointTar, writeTar } from "./archives.ts";
import { account, mebibyte, region, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", mebibyte);

beforeEach(async () => {
  world = await startWorld();
  world.s3.addBucket({ name: "intake", region, owner: account });
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

const sync = (source: string, more: Readonly<Record<string, string>> = {}) =>
  world.sync({ checkpoints: `laguna-m=${source}`, ...more });

function fill(prefix: string, bucket = "intake"): void {
  for (const { path, content } of files) world.s3.put(bucket, prefix + path, content!);
}

/** Whether the files are there, whole, below their version. */
function expectAt(version: string): void {
  for (const { path, content } of files)
    expect(world.s3.read("models", `checkpoints/laguna-m/${version}/${path}`)?.equals(content!)).toBe(true);
}

describe("a place in S3 whose name tells little", () => {
  it("is a prefix where something lies below it, also with a dot in its name", async () => {
    fill("laguna-2.1/");
    expect((await sync("s3://intake/laguna-2.1")).failure).toBeUndefined();
    expectAt("laguna-2.1");
  });

  it("is an archive where nothing does", async () => {
    world.s3.put("intake", "laguna", checkpointTar(files));
    expect((await sync("s3://intake/laguna")).failure).toBeUndefined();
    expectAt("laguna");
  });

  it("is told as empty where there is neither", async () => {
    expect((await sync("s3://intake/laguna")).failure?.code).toBe("CHECKPOINT_EMPTY");
  });
});

describe("a prefix that is read elsewhere", () => {
  it("passes through the runner where its bucket lies in another region", async () => {
    world.s3.addBucket({ name: "faraway", region: "eu-west-1", owner: account });
    fill("laguna/", "faraway");
    const ended = await sync("s3://faraway/laguna/");
    expect(ended.failure).toBeUndefined();
    expectAt("laguna");
    expect(ended.lines.join("\n")).toContain("lies in eu-west-1");
    expect((await sync("s3://faraway/laguna/")).writes).toEqual([]);
  });

  it("says which rights are missing, and that there is no such bucket", async () => {
    world.s3.addBucket({ name: "theirs", region, owner: "310987654321" });
    const { code, message } = (await sync("s3://theirs/laguna/")).failure!;
    expect(code).toBe("SOURCE_DENIED");
    expect(message).toContain("s3:ListBucket");
    expect((await sync("s3://nobodys/laguna/")).failure?.code).toBe("SOURCE_NOT_FOUND");
  });
});

describe("an expected SHA-256", () => {
  const digest = "a".repeat(64);

  it("is refused for what is no archive, since it would be compared with nothing", async () => {
    fill("laguna/");
    mkdirSync(join(world.workspace, "folder"));
    writeFileSync(join(world.workspace, "folder/config.json"), "{}");
    for (const source of ["s3://intake/laguna/", "./folder"]) {
      const ended = await sync(source, { "expected-sha256": `laguna-m=${digest}` });
      expect(ended.failure?.code).toBe("CHECKPOINT_SHA256");
      expect(ended.writes).toEqual([]);
    }
  });

  it("that an archive does not have is told before anything is written, or called proven", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const ended = await sync(path, { "expected-sha256": `laguna-m=${digest}` });
    expect(ended.failure?.message).toContain("Nothing of it was written");
    expect(ended.writes).toEqual([]);
    expect(ended.summary).toContain("| not synced |");
    expect(ended.summary).not.toContain("Proven");
    const mended = await sync(path);
    expect(mended.summary).toContain("| new |");
    expect(mended.summary).toContain("Proven");
  });

  it("of a prefix is that of the archive which it was synced from", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const sha256 = execFileSync("sha256sum", [join(world.workspace, path)], { encoding: "utf8" }).slice(0, 64);
    await sync(path, { "expected-sha256": `laguna-m=${sha256}` });
    const copy = (expected: string) =>
      world.sync({
        checkpoints: "copy=s3://models/checkpoints/laguna-m/laguna/",
        "expected-sha256": `copy=${expected}`,
      });
    expect((await copy(digest)).failure?.message).toContain(sha256);
    expect((await copy(sha256)).failure).toBeUndefined();
  });
});

describe("a source that is nothing to read", () => {
  it("is refused at once where it is a FIFO that nobody writes to", async () => {
    execFileSync("mkfifo", [join(world.workspace, "laguna.tar")]);
    expect((await sync("./laguna.tar")).failure?.code).toBe("SOURCE_UNUSABLE");
  });

  it("is told by its name where that is no UTF-8", async () => {
    mkdirSync(join(world.workspace, "folder"));
    execFileSync("bash", ["-c", "printf x > $'folder/bad\\xff.json'"], { cwd: world.workspace });
    const { code, message } = (await sync("./folder")).failure!;
    expect(code).toBe("CHECKPOINT_PATH_INVALID");
    expect(message).toContain("no UTF-8");
  });
});

describe("a compressed archive", () => {
  it("uploads nothing under a key that two files would have, or that is too long", async () => {
    const refused = async (paths: readonly string[], more: Readonly<Record<string, string>> = {}) => {
      const tar = tarOf(paths.map((path) => ({ path, data: Buffer.from(JSON.stringify(path)) })));
      writeFileSync(join(world.workspace, "laguna.tar.gz"), gzipSync(tar));
      return (await sync("./laguna.tar.gz", more)).failure?.code;
    };
    expect(await refused(["a/config.json", "b/config.json"], { "strip-components": "1" })).toBe(
      "CHECKPOINT_PATH_TWICE",
    );
    expect(await refused(["a/config.json", `a/${"x".repeat(1_010)}`])).toBe("CHECKPOINT_PATH_INVALID");
    const others = world.s3.list("models").filter(({ key }) => !key.endsWith("/laguna/config.json"));
    expect(others).toEqual([]);
  });
});

describe("a prefix within the bucket", () => {
  it.each(["../up", "a/./b", "a//b", "a\nb", "s3://models/checkpoints"])("is not %j", async (prefix) => {
    const ended = await sync("./laguna.tar", { prefix });
    expect(ended.failure?.code).toBe("INPUT_INVALID");
    expect(ended.requests).toEqual([]);
  });
});
