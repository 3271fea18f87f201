import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkpointFiles, checkpointTar, writeTar } from "./archives.ts";
import { type Ended, mebibyte, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", 12 * mebibyte);
const tar = checkpointTar(files);
const base = "checkpoints/laguna-m/laguna_m";

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

const sync = (source: string, more: Readonly<Record<string, string>> = {}) =>
  world.sync({ checkpoints: `laguna-m=${source}`, "part-size": "5MiB", ...more });

function expectThere(ended: Ended, place = base): void {
  expect(ended.failure).toBeUndefined();
  const keys = world.s3.list("models", `${place}/`).map((object) => object.key.slice(place.length + 1));
  expect(keys.toSorted()).toEqual([".eks-deploy/manifest.json", ...files.map((file) => file.path)].toSorted());
  for (const file of files) expect(world.s3.read("models", `${place}/${file.path}`)?.equals(file.content!)).toBe(true);
  expect(world.s3.uploads("models")).toEqual([]);
}

async function expectStill(source: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const again = await sync(source, more);
  expect(again.failure).toBeUndefined();
  expect(again).toMatchObject({ writes: [], outputs: { changes: "0" } });
}

function save(name: string, bytes: Buffer): string {
  writeFileSync(join(world.workspace, name), bytes);
  return `./${name}`;
}

describe.each([
  ["laguna_m.tar.gz", () => gzipSync(tar)],
  ["laguna_m.tar.zst", () => zstdCompressSync(tar)],
])("a compressed archive, %s", (name, make) => {
  it("is unpacked in one pass, and is known again without being read", async () => {
    const path = save(name, make());
    const plan = await sync(path, { "dry-run": "true" });
    expect(plan).toMatchObject({ writes: [], outcome: "done" });
    const ended = await sync(path);
    expectThere(ended);
    expect(ended.outputs["plan-sha256"]).toBe(plan.outputs["plan-sha256"]);
    expect(JSON.parse(ended.outputs["manifests"]!)["laguna-m"]).toMatchObject({ files: 4, parameters: 6 * mebibyte });
    await expectStill(path);
  });

  it("has the same manifest as the uncompressed one", async () => {
    const packed = await sync(save(name, make()), { versions: "laguna-m=a" });
    const plain = await sync(save("laguna_m.tar", tar), { versions: "laguna-m=b" });
    const digest = ({ outputs }: Ended) => JSON.parse(outputs["manifests"]!)["laguna-m"].digest;
    expect(digest(packed)).toBe(digest(plain));
  });

  it("continues after an interruption without sending finished parts again", async () => {
    const path = save(name, make());
    world.ground.faults.add({ service: "s3", operation: "UploadPart", nth: 3, times: 100, effect: { kind: "reset" } });
    expect((await sync(path)).outcome).toBe("failed");
    world.ground.faults.clear();
    const again = await sync(path);
    expectThere(again);
    expect(again.writes.filter((write) => write === "UploadPart")).toHaveLength(1);
  });

  it("sends what lies there with other bytes in a second pass", async () => {
    for (const file of files) world.s3.put("models", `${base}/${file.path}`, file.content!);
    const path = save(name, make());
    world.s3.put("models", `${base}/config.json`, Buffer.alloc(files[0]!.content!.length), {
      checksum: { algorithm: "CRC32", type: "FULL_OBJECT", value: "AAAAAA==" },
    });
    expectThere(await sync(path));
  });

  it("is refused when it is cut, with no manifest", async () => {
    const whole = make();
    const ended = await sync(save(name, whole.subarray(0, whole.length - 5)));
    expect(ended.failure?.code).toMatch(/^SOURCE_(TRUNCATED|DAMAGED)$/);
    expect(world.s3.read("models", `${base}/.eks-deploy/manifest.json`)).toBeUndefined();
  });

  it("is held against its expected SHA-256", async () => {
    const bytes = make();
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const wrong = await sync(save(name, bytes), { "expected-sha256": `laguna-m=${"0".repeat(64)}` });
    expect(wrong.failure?.code).toBe("CHECKPOINT_SHA256");
    expect(world.s3.read("models", `${base}/.eks-deploy/manifest.json`)).toBeUndefined();
    expectThere(await sync(`./${name}`, { "expected-sha256": `laguna-m=${sha256}` }));
    await expectStill(`./${name}`, { "expected-sha256": `laguna-m=${sha256}` });
  });
});

describe("an uncompressed archive", () => {
  it("is held against its expected SHA-256 before the first write", async () => {
    const path = writeTar(world.workspace, "laguna_m.tar", files);
    const sha256 = createHash("sha256").update(tar).digest("hex");
    const wrong = await sync(path, { "expected-sha256": `laguna-m=${"0".repeat(64)}` });
    expect(wrong.failure?.code).toBe("CHECKPOINT_SHA256");
    expect(wrong.writes).toEqual([]);
    expectThere(await sync(path, { "expected-sha256": `laguna-m=${sha256}` }));
    await expectStill(path, { "expected-sha256": `laguna-m=${sha256}` });
    await expectStill(path);
  });

  it("comes from S3 by ranges, and behind a presigned URL", async () => {
    world.s3.addBucket({ name: "intake", region: "us-east-2", owner: "210987654321" });
    world.s3.put("intake", "in/laguna_m.tar", tar);
    expectThere(await sync("s3://intake/in/laguna_m.tar"));
    await expectStill("s3://intake/in/laguna_m.tar");
  });

  it("is the same checkpoint when it comes from another place: its bytes are compared, nothing is sent", async () => {
    world.s3.put("models", "in/laguna_m.tar", tar);
    expectThere(await sync(writeTar(world.workspace, "laguna_m.tar", files)));
    const moved = await sync("s3://models/in/laguna_m.tar");
    expectThere(moved);
    expect(moved.writes).toEqual(["PutObject"]);
    await expectStill("s3://models/in/laguna_m.tar");
  });

  it("is refused from another place when a byte differs, with nothing changed", async () => {
    const other = Buffer.from(tar);
    other[other.length - 3_000]! ^= 1;
    world.s3.put("models", "in/laguna_m.tar", tar);
    expectThere(await sync("s3://models/in/laguna_m.tar"));
    const index = tar.indexOf(files[2]!.content!) + 300_000;
    const changed = Buffer.from(tar);
    changed[index]! ^= 1;
    const ended = await sync(save("laguna_m.tar", changed));
    expect(ended.failure?.code).toBe("CHECKPOINT_OTHER_BYTES");
    expect(ended.writes).toEqual([]);
  });
});

describe("a folder", () => {
  it("is uploaded as it lies, and equals the archive of the same files", async () => {
    for (const file of files) {
      const path = join(world.workspace, "laguna_m", file.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, file.content!);
    }
    const folder = await sync("./laguna_m");
    expectThere(folder);
    await expectStill("./laguna_m");
    await expectStill(writeTar(world.workspace, "laguna_m.tar", files));
  });
});

describe("a prefix of a bucket", () => {
  beforeEach(() => {
    world.s3.addBucket({ name: "dev", region: "us-east-2", owner: "310987654321", sharedWith: ["210987654321"] });
  });

  it("is copied by S3 itself, and its checksums are compared", async () => {
    for (const file of files) world.s3.put("dev", `x/laguna_m/${file.path}`, file.content!);
    const ended = await sync("s3://dev/x/laguna_m/");
    expectThere(ended);
    expect(ended.writes).toEqual([...files.map(() => "CopyObject"), "PutObject"]);
    await expectStill("s3://dev/x/laguna_m/");
  });

  it("keeps its identity and its manifest's digest when it was synced before", async () => {
    const first = await sync(writeTar(world.workspace, "laguna_m.tar", files));
    for (const { key } of world.s3.list("models", "checkpoints/")) {
      const { content: _, ...object } = world.s3.bucket("models").get(key)!;
      world.s3.put("dev", key, world.s3.read("models", key)!, object);
      world.s3.bucket("models").delete(key);
    }
    const copied = await sync(`s3://dev/${base}/`);
    expectThere(copied);
    expect(copied.outputs["manifests"]).toBe(first.outputs["manifests"]);
    await expectStill("./laguna_m.tar");
  });

  it("is refused when it is not what its manifest says", async () => {
    await sync(writeTar(world.workspace, "laguna_m.tar", files));
    for (const { key } of world.s3.list("models", "checkpoints/"))
      world.s3.put("dev", key, world.s3.read("models", key)!);
    const ended = await sync(`s3://dev/${base}/`, { versions: "laguna-m=copy" });
    expect(ended.failure?.code).toBe("CHECKPOINT_INCOMPLETE");
    expect(ended.writes).toEqual([]);
  });
});

describe("several models", () => {
  it("are synced at once, and a sibling's prefix is never mixed in", async () => {
    const one = writeTar(world.workspace, "a.tar", files);
    const two = writeTar(world.workspace, "b.tar", checkpointFiles("xs", 2 * mebibyte));
    const inputs = { checkpoints: `laguna-xs=${two}\nlaguna-xs-2=${one}`, layout: "flat" };
    const ended = await world.sync(inputs);
    expect(ended.failure).toBeUndefined();
    expect(ended.findings).toEqual([]);
    expect(JSON.parse(ended.outputs["manifests"]!)).toMatchObject({
      "laguna-xs": { parameters: mebibyte },
      "laguna-xs-2": { parameters: 6 * mebibyte },
    });
    expect((await world.sync(inputs)).writes).toEqual([]);
    const only = await world.sync({ ...inputs, only: "laguna-xs" });
    expect(Object.keys(JSON.parse(only.outputs["prefixes"]!))).toEqual(["laguna-xs"]);
  });

  it("use prefixes of the spec as they are, and say when one is empty", async () => {
    writeFileSync(
      join(world.workspace, "eks-deploy.yaml"),
      `version: 1\ndefaults:\n  models:\n    laguna-m: { checkpoint: "./laguna_m.tar" }\n    point: { prefix: "s3://models/checkpoints/point/" }\n`,
    );
    writeTar(world.workspace, "laguna_m.tar", files);
    const empty = await world.sync({});
    expect(empty.failure?.code).toBe("CHECKPOINT_PREFIX_EMPTY");
    expect(empty.writes).toEqual([]);
    world.s3.put("models", "checkpoints/point/model.safetensors", "x");
    const ended = await world.sync({});
    expect(ended.failure).toBeUndefined();
    expect(JSON.parse(ended.outputs["prefixes"]!)).toEqual({
      "laguna-m": `s3://models/${base}`,
      point: "s3://models/checkpoints/point/",
    });
  });
});
