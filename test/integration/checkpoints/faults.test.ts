import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "../../../sandbox/faults.ts";
import { errorInside200, slowDown } from "../../../sandbox/s3/errors.ts";
import { checkpointFiles, writeTar } from "./archives.ts";
import { type Ended, mebibyte, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", 12 * mebibyte);

beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  expect(world.defects).toEqual([]);
  await world.close();
});

async function syncWith(...faults: readonly Omit<Fault, "service">[]): Promise<Ended> {
  const path = writeTar(world.workspace, "laguna_m_2611.tar", files);
  for (const fault of faults) world.ground.faults.add({ service: "s3", ...fault });
  const ended = await world.sync({ checkpoints: `laguna-m=${path}`, "part-size": "5MiB", concurrency: "4" });
  world.ground.faults.clear();
  return ended;
}

function expectWhole(ended: Ended): void {
  expect(ended.failure).toBeUndefined();
  for (const file of files)
    expect(world.s3.read("models", `checkpoints/laguna-m/laguna_m_2611/${file.path}`)?.equals(file.content!)).toBe(
      true,
    );
  expect(world.s3.read("models", "checkpoints/laguna-m/laguna_m_2611/.eks-deploy/manifest.json")).toBeDefined();
  expect(world.s3.uploads("models")).toEqual([]);
}

const answer = (
  operation: string,
  given: Parameters<typeof slowDown>[0] | "500",
  times = 1,
): Omit<Fault, "service"> => ({
  operation,
  times,
  effect: { kind: "answer", answer: given === "500" ? { ...slowDown(), status: 500 } : slowDown(given) },
});

describe("a sync over a bad wire", () => {
  it.each([0, 1_000_000, 5 * mebibyte - 1])(
    "never commits a part with a flipped byte at %i: it is sent again",
    async (at) => {
      const ended = await syncWith({ operation: "UploadPart", nth: 2, effect: { kind: "corrupt", at } });
      expectWhole(ended);
      expect(ended.requests.filter((name) => name === "UploadPart")).toHaveLength(4);
    },
  );

  it("never commits a small file with a flipped byte", async () => {
    expectWhole(await syncWith({ operation: "PutObject", resource: /config/, effect: { kind: "corrupt", at: 3 } }));
  });

  it("gives up, with nothing committed and no manifest, where every attempt is damaged", async () => {
    const ended = await syncWith({ operation: "UploadPart", times: 100, effect: { kind: "corrupt", at: 7 } });
    expect(ended.failure?.code).toBe("CHECKPOINT_CHECKSUM");
    const keys = world.s3.list("models").map((object) => object.key);
    expect(keys.filter((key) => /safetensors|manifest/.test(key))).toEqual([]);
  });

  it.each([
    "UploadPart",
    "PutObject",
    "CreateMultipartUpload",
    "CompleteMultipartUpload",
    "ListObjectsV2",
    "ListMultipartUploads",
  ])("survives a reset before and after the answer of %s", async (operation) => {
    expectWhole(
      await syncWith(
        { operation, effect: { kind: "reset" } },
        { operation, nth: 2, effect: { kind: "reset", after: true } },
      ),
    );
  });

  it("takes a lost answer to the manifest's upload for what it was", async () => {
    expectWhole(
      await syncWith({ operation: "PutObject", resource: /manifest/, effect: { kind: "reset", after: true } }),
    );
  });

  it.each(["InternalError", "SlowDown", "NoSuchUpload"])("survives %s inside the 200 of a Complete", async (code) => {
    expectWhole(
      await syncWith({
        operation: "CompleteMultipartUpload",
        effect: { kind: "answer", answer: errorInside200(code, "Later.") },
      }),
    );
  });

  it.each([
    ["of other bytes", "<ETag>&quot;x&quot;</ETag><Key>k</Key><ChecksumCRC32>AAAAAA==</ChecksumCRC32>"],
    ["of no object", ""],
  ])("takes an answer to Complete %s for none", async (_, inside) => {
    const body = `<?xml version="1.0"?><CompleteMultipartUploadResult>${inside}</CompleteMultipartUploadResult>`;
    const given = { status: 200, headers: { "content-type": "application/xml" }, body };
    expectWhole(await syncWith({ operation: "CompleteMultipartUpload", effect: { kind: "answer", answer: given } }));
  });

  it("fails where a Complete never works, and leaves no manifest", async () => {
    const effect = { kind: "answer", answer: errorInside200("InternalError", "Later.") } as const;
    const ended = await syncWith({ operation: "CompleteMultipartUpload", times: 1_000, effect });
    expect(ended.outcome).toBe("failed");
    expect(world.s3.read("models", "checkpoints/laguna-m/laguna_m_2611/.eks-deploy/manifest.json")).toBeUndefined();
  });

  it("waits as long as Retry-After says through a storm of 503", async () => {
    const storm = [answer("UploadPart", 33, 3), answer("PutObject", 3, 2), answer("CreateMultipartUpload", "500")];
    const ended = await syncWith(...storm);
    expectWhole(ended);
    expect(ended.sleeps.filter((milliseconds) => milliseconds === 33_000)).toHaveLength(3);
  });

  it("never commits a file whose parts S3 holds otherwise than they were sent", async () => {
    const run = () => {
      const [upload] = world.s3.uploads("models");
      const part = upload!.parts.get(2)!;
      upload!.parts.set(2, { ...part, checksum: "AAAAAA==" });
    };
    expectWhole(await syncWith({ operation: "CompleteMultipartUpload", effect: { kind: "hook", run } }));
  });

  it("gives up after bounded attempts when the storm does not end", async () => {
    const ended = await syncWith(answer("UploadPart", 1, 10_000));
    expect(ended.failure?.code).toBe("AWS_BUSY");
    expect(ended.requests.filter((name) => name === "UploadPart").length).toBeLessThan(30);
  });

  it("begins a file again whose upload somebody aborted", async () => {
    const run = () => {
      const [upload] = world.s3.uploads("models");
      if (upload) world.s3.bucket("models").uploads.delete(upload.id);
    };
    expectWhole(await syncWith({ operation: "UploadPart", nth: 3, effect: { kind: "hook", run } }));
  });

  it("refuses to write over what somebody else wrote meanwhile", async () => {
    const key = "checkpoints/laguna-m/laguna_m_2611/model.safetensors";
    const run = () => void world.s3.put("models", key, "theirs");
    const ended = await syncWith({ operation: "CompleteMultipartUpload", effect: { kind: "hook", run } });
    expect(ended.failure?.code).toBe("CHECKPOINT_RACE");
    expect(String(world.s3.read("models", key))).toBe("theirs");
    expect(world.s3.uploads("models")).toEqual([]);
  });
});
