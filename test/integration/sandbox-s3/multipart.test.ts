import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  type UploadPartCommandInput,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumOf, composite } from "../../../sandbox/s3/checksums/algorithms.ts";
import { errorInside200 } from "../../../sandbox/s3/errors.ts";
import { type S3Server, startS3 } from "./server.ts";

const minimum = 5 * 1024 * 1024;
const parts = [Buffer.alloc(minimum, "first "), Buffer.alloc(minimum + 7, "second "), Buffer.from("the end")];
const whole = Buffer.concat(parts);
const failure = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });

let server: S3Server;
let s3: S3Client;
beforeAll(async () => {
  server = await startS3();
  // Without it the SDK adds checksums of its own choice to parts, which hides what the server does by itself.
  s3 = server.client({ requestChecksumCalculation: "WHEN_REQUIRED" });
});
afterAll(async () => {
  expect(server.defects).toEqual([]);
  await server.close();
});

type Settings = Pick<
  CreateMultipartUploadCommandInput,
  "ChecksumAlgorithm" | "ChecksumType" | "Metadata" | "ContentType"
>;

async function create(Key: string, settings: Settings = {}): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: "data", Key, ...settings }));
  return UploadId!;
}

const upload = (Key: string, UploadId: string, number: number, over: Partial<UploadPartCommandInput> = {}) =>
  s3.send(
    new UploadPartCommand({ Bucket: "data", Key, UploadId, PartNumber: number, Body: parts[number - 1]!, ...over }),
  );

type Named = { PartNumber: number; ETag: string; ChecksumCRC32?: string };

const complete = (
  Key: string,
  UploadId: string,
  Parts: readonly Named[],
  over: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  s3.send(
    new CompleteMultipartUploadCommand({
      Bucket: "data",
      Key,
      UploadId,
      MultipartUpload: { Parts: [...Parts] },
      ...over,
    }),
  );

/** Uploads the three parts with their CRC32, last first. */
async function three(key: string, id: string, checksums = true): Promise<readonly Named[]> {
  const named: Named[] = [];
  for (const number of [3, 2, 1]) {
    const ChecksumCRC32 = checksumOf("CRC32", [parts[number - 1]!]);
    const { ETag } = await upload(key, id, number, checksums ? { ChecksumCRC32 } : {});
    named.unshift({ PartNumber: number, ETag: ETag!, ...(checksums ? { ChecksumCRC32 } : {}) });
  }
  return named;
}

const crc32 = checksumOf("CRC32", [whole]);
const full = { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const;

describe("a multipart upload with a full-object checksum", () => {
  it("gives the object, its checksum, its ETag and its metadata, and answers a repeated Complete", async () => {
    const id = await create("whole", { ...full, Metadata: { a: "b" }, ContentType: "text/plain" });
    const named = await three("whole", id);
    const asked = { ChecksumCRC32: crc32, ChecksumType: "FULL_OBJECT", MpuObjectSize: whole.length } as const;
    const done = await complete("whole", id, named, asked);
    const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();
    const ETag = `"${md5(Buffer.concat(parts.map(md5))).toString("hex")}-3"`;
    expect(done).toMatchObject({ ETag, ChecksumCRC32: crc32, ChecksumType: "FULL_OBJECT", Key: "whole" });
    expect(server.state.read("data", "whole")?.equals(whole)).toBe(true);
    expect(
      await s3.send(new HeadObjectCommand({ Bucket: "data", Key: "whole", ChecksumMode: "ENABLED" })),
    ).toMatchObject({
      ChecksumCRC32: crc32,
      ChecksumType: "FULL_OBJECT",
      Metadata: { a: "b" },
      ContentType: "text/plain",
      ContentLength: whole.length,
    });
    expect((await complete("whole", id, named, asked)).ETag).toBe(ETag);
    await expect(complete("whole", id, named, { ...asked, IfNoneMatch: "*" })).rejects.toMatchObject(
      failure("PreconditionFailed", 412),
    );
    await expect(s3.send(new ListPartsCommand({ Bucket: "data", Key: "whole", UploadId: id }))).rejects.toMatchObject(
      failure("NoSuchUpload", 404),
    );
  });

  it("reads single parts of the object", async () => {
    const part = await s3.send(new GetObjectCommand({ Bucket: "data", Key: "whole", PartNumber: 3 }));
    expect([part.PartsCount, part.ContentRange]).toEqual([
      3,
      `bytes ${2 * minimum + 7}-${whole.length - 1}/${whole.length}`,
    ]);
    expect(await part.Body?.transformToString()).toBe("the end");
    const { ObjectParts } = await s3.send(
      new GetObjectAttributesCommand({
        Bucket: "data",
        Key: "whole",
        ObjectAttributes: ["ObjectParts", "ETag"],
        MaxParts: 2,
      }),
    );
    expect(ObjectParts).toMatchObject({ TotalPartsCount: 3, IsTruncated: true, NextPartNumberMarker: "2" });
    expect(ObjectParts?.Parts?.[1]).toMatchObject({
      PartNumber: 2,
      Size: minimum + 7,
      ChecksumCRC32: checksumOf("CRC32", [parts[1]!]),
    });
  });

  it("computes the parts' checksums itself where none came, and refuses a wrong whole", async () => {
    const id = await create("own", full);
    const named = await three("own", id, false);
    const wrong = checksumOf("CRC32", [parts[0]!]);
    await expect(complete("own", id, named, { ChecksumCRC32: wrong })).rejects.toMatchObject(failure("BadDigest", 400));
    expect(server.state.read("data", "own")).toBeUndefined();
    expect(await complete("own", id, named, { ChecksumCRC32: crc32 })).toMatchObject({ ChecksumCRC32: crc32 });
  });

  it("refuses another size, another type and another algorithm than declared", async () => {
    const id = await create("strict", full);
    const named = await three("strict", id);
    const refusals: readonly [Partial<CompleteMultipartUploadCommandInput>, string][] = [
      [{ MpuObjectSize: whole.length - 1 }, "InvalidRequest"],
      [{ ChecksumCRC32: crc32, ChecksumType: "COMPOSITE" }, "BadDigest"],
      [{ ChecksumSHA256: checksumOf("SHA256", [whole]) }, "InvalidRequest"],
    ];
    for (const [over, name] of refusals)
      await expect(complete("strict", id, named, over)).rejects.toMatchObject(failure(name, 400));
    expect(server.state.read("data", "strict")).toBeUndefined();
  });

  it("computes CRC64NVME for an upload that declared nothing, and takes no other checksum for its parts", async () => {
    const id = await create("nothing");
    await expect(upload("nothing", id, 3, { ChecksumCRC32: checksumOf("CRC32", [parts[2]!]) })).rejects.toMatchObject({
      ...failure("InvalidRequest", 400),
      message: "Checksum Type mismatch occurred, expected checksum Type: null, actual checksum Type: crc32",
    });
    const done = await complete("nothing", id, await three("nothing", id, false));
    expect(done).toMatchObject({ ChecksumCRC64NVME: checksumOf("CRC64NVME", [whole]), ChecksumType: "FULL_OBJECT" });
  });
});

describe("a multipart upload with a composite checksum", () => {
  it("is what CRC32 without a type becomes, and needs the checksums of all parts", async () => {
    const id = await create("composite", { ChecksumAlgorithm: "CRC32" });
    await expect(upload("composite", id, 3)).rejects.toMatchObject({
      message: "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: null",
    });
    const named = await three("composite", id);
    const bare = named.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(complete("composite", id, bare)).rejects.toMatchObject(failure("InvalidRequest", 400));
    const value = composite(
      "CRC32",
      parts.map((part) => ({ checksum: checksumOf("CRC32", [part]) })),
    );
    expect(await complete("composite", id, named)).toMatchObject({ ChecksumCRC32: value, ChecksumType: "COMPOSITE" });
    expect(value).toMatch(/-3$/);
  });

  it.each([
    ["CRC64NVME", "COMPOSITE"],
    ["SHA256", "FULL_OBJECT"],
    ["SHA1", "FULL_OBJECT"],
  ] as const)("cannot be declared for %s as %s", async (ChecksumAlgorithm, ChecksumType) => {
    await expect(create("no", { ChecksumAlgorithm, ChecksumType })).rejects.toMatchObject(
      failure("InvalidRequest", 400),
    );
  });
});

describe("the parts of an upload", () => {
  it("are refused with a wrong checksum, an unknown upload or a number out of range", async () => {
    const id = await create("parts", full);
    const wrong = checksumOf("CRC32", [parts[0]!]);
    await expect(upload("parts", id, 3, { ChecksumCRC32: wrong })).rejects.toMatchObject(failure("BadDigest", 400));
    await expect(upload("parts", "none", 3)).rejects.toMatchObject(failure("NoSuchUpload", 404));
    await expect(upload("other", id, 3)).rejects.toMatchObject(failure("NoSuchUpload", 404));
    for (const PartNumber of [0, 10_001])
      await expect(upload("parts", id, 3, { PartNumber })).rejects.toMatchObject(failure("InvalidArgument", 400));
    expect(server.state.uploads("data").find((found) => found.id === id)?.parts.size).toBe(0);
  });

  it("must be named in order, as they were uploaded, and only the last may be small", async () => {
    const id = await create("order", full);
    const [first, second, third] = await three("order", id);
    const refusals: readonly [readonly Named[], string][] = [
      [[second!, first!, third!], "InvalidPartOrder"],
      [[first!, { ...second!, ETag: '"0123"' }, third!], "InvalidPart"],
      [[first!, { ...second!, ChecksumCRC32: third!.ChecksumCRC32! }, third!], "InvalidPart"],
      [[first!, { ...third!, PartNumber: 9 }], "InvalidPart"],
      [[], "MalformedXML"],
    ];
    for (const [named, name] of refusals)
      await expect(complete("order", id, named)).rejects.toMatchObject(failure(name, 400));
    const small = await upload("order", id, 2, { Body: "small" });
    await expect(complete("order", id, [first!, { PartNumber: 2, ETag: small.ETag! }, third!])).rejects.toMatchObject(
      failure("EntityTooSmall", 400),
    );
    await expect(complete("order", id, [first!, third!])).rejects.toMatchObject(failure("InternalError", 500));
    expect(await complete("order", id, [first!])).toMatchObject({ Key: "order" });
  });

  it("are listed in pages with their checksums, and gone after an abort", async () => {
    const id = await create("listed", full);
    for (let number = 1; number <= 5; number += 1) await upload("listed", id, number, { Body: `part ${number}` });
    const numbers: number[] = [];
    let marker: string | undefined;
    do {
      const page = await s3.send(
        new ListPartsCommand({ Bucket: "data", Key: "listed", UploadId: id, MaxParts: 2, PartNumberMarker: marker }),
      );
      expect(page).toMatchObject({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
      for (const part of page.Parts ?? []) {
        numbers.push(part.PartNumber!);
        expect(part.ChecksumCRC32).toBe(checksumOf("CRC32", [Buffer.from(`part ${part.PartNumber}`)]));
      }
      marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
    } while (marker);
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
    const target = { Bucket: "data", Key: "listed", UploadId: id };
    await s3.send(new AbortMultipartUploadCommand(target));
    await expect(s3.send(new ListPartsCommand(target))).rejects.toMatchObject(failure("NoSuchUpload", 404));
    await expect(s3.send(new AbortMultipartUploadCommand(target))).rejects.toMatchObject(failure("NoSuchUpload", 404));
  });
});

describe("ListMultipartUploads", () => {
  it("pages by key and upload id below a prefix", async () => {
    const ids: string[] = [];
    for (const key of ["m/b", "m/a", "m/a", "m/c", "m/a"]) ids.push(await create(key, full));
    const found: [string, string][] = [];
    let markers: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    while (markers) {
      const page: Awaited<ReturnType<typeof list>> = await list(markers);
      for (const { Key, UploadId } of page.Uploads ?? []) found.push([Key!, UploadId!]);
      expect(page.Uploads?.[0]).toMatchObject({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
      markers = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker!, UploadIdMarker: page.NextUploadIdMarker! }
        : undefined;
    }
    expect(found.map(([key]) => key)).toEqual(["m/a", "m/a", "m/a", "m/b", "m/c"]);
    expect(new Set(found.map(([, id]) => id))).toEqual(new Set(ids));
  });

  const list = (markers: object) =>
    s3.send(new ListMultipartUploadsCommand({ Bucket: "data", Prefix: "m/", MaxUploads: 2, ...markers }));
});

describe("UploadPartCopy", () => {
  const copy = (id: string, number: number, CopySourceRange?: string, over = {}) =>
    s3.send(
      new UploadPartCopyCommand({
        Bucket: "data",
        Key: "copy",
        UploadId: id,
        PartNumber: number,
        CopySource: "data/tar",
        CopySourceRange,
        ...over,
      }),
    );

  it("copies ranges with the checksum of the range, so that the whole agrees", async () => {
    server.state.put("data", "tar", whole);
    const id = await create("copy", full);
    const cut = minimum + 100;
    const first = await copy(id, 1, `bytes=0-${cut - 1}`);
    const second = await copy(id, 2, `bytes=${cut}-${whole.length - 1}`);
    expect(first.CopyPartResult?.ChecksumCRC32).toBe(checksumOf("CRC32", [whole.subarray(0, cut)]));
    const named = [first, second].map(({ CopyPartResult: part }, index) => ({
      PartNumber: index + 1,
      ETag: part!.ETag!,
      ChecksumCRC32: part!.ChecksumCRC32!,
    }));
    await complete("copy", id, named, { ChecksumCRC32: crc32, MpuObjectSize: whole.length });
    expect(server.state.read("data", "copy")?.equals(whole)).toBe(true);
  });

  it("refuses a range outside the source, a changed source and ranges of a small source", async () => {
    const id = await create("copy", full);
    await expect(copy(id, 1, `bytes=0-${whole.length}`)).rejects.toMatchObject(failure("InvalidArgument", 400));
    await expect(copy(id, 1, undefined, { CopySourceIfMatch: "x" })).rejects.toMatchObject(
      failure("PreconditionFailed", 412),
    );
    server.state.put("data", "small", "small");
    await expect(copy(id, 1, "bytes=0-1", { CopySource: "data/small" })).rejects.toMatchObject(
      failure("InvalidRequest", 400),
    );
    const single = await copy(id, 1, undefined, { CopySource: "data/small" });
    await complete("copy", id, [{ PartNumber: 1, ETag: single.CopyPartResult!.ETag! }]);
    expect(server.state.read("data", "copy")?.toString()).toBe("small");
  });
});

describe("faults of S3", () => {
  it("can say an error inside a 200, and lose the answer of a Complete that was done", async () => {
    const id = await create("fault", full);
    const { ETag } = await upload("fault", id, 3);
    const named = [{ PartNumber: 3, ETag: ETag! }];
    const onComplete = { service: "s3", operation: "CompleteMultipartUpload" };
    await upload("fault", id, 1, { Body: "the end" });
    const first = [{ PartNumber: 1, ETag: named[0]!.ETag }];
    server.ground.faults.add({
      ...onComplete,
      effect: { kind: "answer", answer: errorInside200("InternalError", "again") },
    });
    await expect(complete("fault", id, first)).rejects.toMatchObject({ name: "InternalError" });
    expect(server.state.read("data", "fault")).toBeUndefined();
    server.ground.faults.clear();
    server.ground.faults.add({ ...onComplete, effect: { kind: "reset", after: true } });
    await expect(complete("fault", id, first)).rejects.toThrow();
    expect(server.state.read("data", "fault")?.toString()).toBe("the end");
    expect(await complete("fault", id, first)).toMatchObject({ Key: "fault" });
  });

  it("can flip a byte on the way in, which the checksum finds", async () => {
    const id = await create("flip", full);
    server.ground.faults.clear();
    server.ground.faults.add({ service: "s3", operation: "UploadPart", effect: { kind: "corrupt", at: 3 } });
    const sum = checksumOf("CRC32", [parts[2]!]);
    await expect(upload("flip", id, 3, { ChecksumCRC32: sum })).rejects.toMatchObject({
      name: expect.stringMatching(/BadDigest|XAmzContentSHA256Mismatch/),
    });
    await upload("flip", id, 3, { ChecksumCRC32: sum });
  });
});
