import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { algorithms, checksumOf } from "../../../sandbox/s3/checksums/algorithms.ts";
import { account, region, type S3Server, startS3 } from "./server.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startS3();
});
afterAll(async () => {
  expect(server.defects).toEqual([]);
  await server.close();
});

const at = (Key: string) => ({ Bucket: "data", Key });
const put = (key: string, over: Partial<PutObjectCommandInput> = {}) =>
  server.client().send(new PutObjectCommand({ ...at(key), Body: "hello", ...over }));
const failure = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });

describe("a key of the sandbox's S3", () => {
  it("has at most 1,024 bytes", async () => {
    await put("ü".repeat(512));
    await expect(put(`${"ü".repeat(512)}x`)).rejects.toMatchObject(failure("KeyTooLongError", 400));
  });
});

describe("buckets of the sandbox's S3", () => {
  it("tell their region, location, encryption and versioning", async () => {
    const s3 = server.client();
    expect(await s3.send(new HeadBucketCommand({ Bucket: "data" }))).toMatchObject({
      BucketRegion: region,
      BucketArn: "arn:aws:s3:::data",
    });
    expect(await s3.send(new GetBucketLocationCommand({ Bucket: "data" }))).toMatchObject({
      LocationConstraint: region,
    });
    const { ServerSideEncryptionConfiguration: rules } = await s3.send(
      new GetBucketEncryptionCommand({ Bucket: "data" }),
    );
    expect(rules?.Rules?.[0]).toEqual({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" },
      BucketKeyEnabled: false,
    });
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket: "data" }))).Status).toBeUndefined();
  });

  it("show the configured key of SSE-KMS as it was configured", async () => {
    const keyArn = `arn:aws:kms:${region}:${account}:key/k1`;
    server.state.addBucket({
      name: "secret",
      region,
      owner: account,
      encryption: { algorithm: "aws:kms", keyArn, bucketKey: true },
      configuredKey: "alias/models",
    });
    const s3 = server.client();
    const { ServerSideEncryptionConfiguration: rules } = await s3.send(
      new GetBucketEncryptionCommand({ Bucket: "secret" }),
    );
    expect(rules?.Rules?.[0]).toEqual({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "alias/models" },
      BucketKeyEnabled: true,
    });
    const stored = await s3.send(new PutObjectCommand({ Bucket: "secret", Key: "k", Body: "hello" }));
    expect(stored).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: keyArn, BucketKeyEnabled: true });
    expect(stored.ETag).not.toBe(`"${createHash("md5").update("hello").digest("hex")}"`);
  });

  it("refuse a stranger's expectation of the owner, and a bucket that is missing", async () => {
    const s3 = server.client();
    await expect(put("k", { ExpectedBucketOwner: "999999999999" })).rejects.toMatchObject(failure("AccessDenied", 403));
    await expect(s3.send(new HeadBucketCommand({ Bucket: "nowhere" }))).rejects.toMatchObject(failure("NotFound", 404));
    await expect(put("k", { Bucket: "nowhere" })).rejects.toMatchObject(failure("NoSuchBucket", 404));
  });

  it("send a caller of another region away with the right one", async () => {
    const s3 = server.client({ region: "eu-west-1" });
    await expect(s3.send(new ListObjectsV2Command({ Bucket: "data" }))).rejects.toMatchObject({
      ...failure("PermanentRedirect", 301),
      $response: { headers: { "x-amz-bucket-region": region } },
    });
  });
});

describe("PutObject and what reads it back", () => {
  it.each(algorithms)("keeps a right %s and gives it back on demand only", async (ChecksumAlgorithm) => {
    await put(`sum/${ChecksumAlgorithm}`, { ChecksumAlgorithm });
    const value = checksumOf(ChecksumAlgorithm, [Buffer.from("hello")]);
    const head = await server
      .client()
      .send(new HeadObjectCommand({ ...at(`sum/${ChecksumAlgorithm}`), ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({
      [`Checksum${ChecksumAlgorithm}`]: value,
      ChecksumType: "FULL_OBJECT",
      ContentLength: 5,
    });
    const bare = await server
      .client({ responseChecksumValidation: "WHEN_REQUIRED" })
      .send(new HeadObjectCommand(at("sum/CRC32")));
    expect(bare.ChecksumCRC32).toBeUndefined();
  });

  it("computes CRC64NVME by itself for an object that came without a checksum", async () => {
    await server
      .client({ requestChecksumCalculation: "WHEN_REQUIRED" })
      .send(new PutObjectCommand({ ...at("bare"), Body: "hello" }));
    const head = await server.client().send(new HeadObjectCommand({ ...at("bare"), ChecksumMode: "ENABLED" }));
    expect(head.ChecksumCRC64NVME).toBe(checksumOf("CRC64NVME", [Buffer.from("hello")]));
  });

  it.each(algorithms)("refuses a wrong %s and stores nothing", async (algorithm) => {
    const wrong = checksumOf(algorithm, [Buffer.from("hellO")]);
    await expect(put(`wrong/${algorithm}`, { [`Checksum${algorithm}`]: wrong })).rejects.toMatchObject(
      failure("BadDigest", 400),
    );
    expect(server.state.read("data", `wrong/${algorithm}`)).toBeUndefined();
  });

  it("refuses a wrong and a malformed Content-MD5", async () => {
    const md5 = (text: string) => createHash("md5").update(text).digest("base64");
    await put("md5", { ContentMD5: md5("hello") });
    await expect(put("md5", { ContentMD5: md5("hellO") })).rejects.toMatchObject(failure("BadDigest", 400));
    await expect(put("md5", { ContentMD5: "nonsense" })).rejects.toMatchObject(failure("InvalidDigest", 400));
  });

  it("takes a stream's framing off and keeps what its trailer said", async () => {
    const bytes = Buffer.alloc(200_000, "abc");
    await put("stream", {
      Body: Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]),
      ContentLength: 200_000,
    });
    expect(server.state.read("data", "stream")?.equals(bytes)).toBe(true);
    const head = await server.client().send(new HeadObjectCommand({ ...at("stream"), ChecksumMode: "ENABLED" }));
    expect(head.ChecksumCRC32).toBe(checksumOf("CRC32", [bytes]));
    expect(head.ContentEncoding).toBeUndefined();
  });

  it("holds conditions: 412 on an existing key, 412 on another ETag, 404 where nothing is to be matched", async () => {
    const { ETag } = await put("once", { IfNoneMatch: "*" });
    await expect(put("once", { IfNoneMatch: "*" })).rejects.toMatchObject(failure("PreconditionFailed", 412));
    await put("once", { IfMatch: ETag!, Body: "newer" });
    await expect(put("once", { IfMatch: ETag! })).rejects.toMatchObject(failure("PreconditionFailed", 412));
    await expect(put("never", { IfMatch: ETag! })).rejects.toMatchObject(failure("NoSuchKey", 404));
  });

  it("answers 412 to the loser of two conditional writes, and 409 when the key was deleted meanwhile", async () => {
    /** A body in two halves, with something happening between them, when the server has begun to read. */
    const halves = (between: () => unknown) =>
      Readable.from(
        (async function* () {
          const mark = server.ground.requests.all.length;
          yield Buffer.alloc(70_000);
          while (server.ground.requests.since(mark).length === 0) await new Promise((resolve) => setImmediate(resolve));
          await between();
          yield Buffer.alloc(10);
        })(),
      );
    const slow = (key: string, condition: object, between: () => unknown) =>
      put(key, { Body: halves(between), ContentLength: 70_010, ...condition });
    await expect(
      slow("race", { IfNoneMatch: "*" }, () => server.state.put("data", "race", "theirs")),
    ).rejects.toMatchObject(failure("PreconditionFailed", 412));
    const { ETag } = await put("gone");
    const remove = () => server.bucket.delete("gone");
    await expect(slow("gone", { IfMatch: ETag! }, remove)).rejects.toMatchObject(
      failure("ConditionalRequestConflict", 409),
    );
  });

  it("gives back metadata, content headers, ranges, parts of one, and 304", async () => {
    await put("meta", {
      Body: "0123456789",
      Metadata: { sha256: "abc" },
      ContentType: "text/plain",
      CacheControl: "no-cache",
    });
    const s3 = server.client();
    const whole = await s3.send(new GetObjectCommand(at("meta")));
    expect(whole).toMatchObject({
      Metadata: { sha256: "abc" },
      ContentType: "text/plain",
      CacheControl: "no-cache",
      AcceptRanges: "bytes",
    });
    expect(await whole.Body?.transformToString()).toBe("0123456789");
    const range = async (Range: string) => {
      const part = await s3.send(new GetObjectCommand({ ...at("meta"), Range }));
      return [part.ContentRange, await part.Body?.transformToString()];
    };
    expect(await range("bytes=2-4")).toEqual(["bytes 2-4/10", "234"]);
    expect(await range("bytes=7-")).toEqual(["bytes 7-9/10", "789"]);
    expect(await range("bytes=-3")).toEqual(["bytes 7-9/10", "789"]);
    expect(await range("bytes=8-99")).toEqual(["bytes 8-9/10", "89"]);
    await expect(range("bytes=10-12")).rejects.toMatchObject(failure("InvalidRange", 416));
    await expect(s3.send(new GetObjectCommand({ ...at("meta"), IfNoneMatch: whole.ETag! }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(s3.send(new GetObjectCommand({ ...at("meta"), IfMatch: '"other"' }))).rejects.toMatchObject(
      failure("PreconditionFailed", 412),
    );
    await expect(s3.send(new GetObjectCommand(at("nothing")))).rejects.toMatchObject(failure("NoSuchKey", 404));
    await expect(s3.send(new HeadObjectCommand(at("nothing")))).rejects.toMatchObject(failure("NotFound", 404));
  });

  it("gives several attributes in one answer", async () => {
    const { ETag } = await put("attributes", { ChecksumAlgorithm: "CRC32" });
    const found = await server.client().send(
      new GetObjectAttributesCommand({
        ...at("attributes"),
        ObjectAttributes: ["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"],
      }),
    );
    expect(found).toMatchObject({
      ETag: ETag?.replaceAll('"', ""),
      Checksum: { ChecksumCRC32: checksumOf("CRC32", [Buffer.from("hello")]), ChecksumType: "FULL_OBJECT" },
      ObjectSize: 5,
      StorageClass: "STANDARD",
    });
    expect(found.ObjectParts).toBeUndefined();
  });
});

describe("CopyObject", () => {
  const copy = (key: string, source: string, over = {}) =>
    server.client().send(new CopyObjectCommand({ ...at(key), CopySource: source, ...over }));

  it("copies bytes and metadata and computes the checksum that is asked for", async () => {
    await put("from 1+2", { Metadata: { a: "b" }, Body: "copied" });
    const { CopyObjectResult: result } = await copy("to", "data/from%201%2B2", { ChecksumAlgorithm: "SHA256" });
    expect(result).toMatchObject({
      ETag: `"${createHash("md5").update("copied").digest("hex")}"`,
      ChecksumSHA256: checksumOf("SHA256", [Buffer.from("copied")]),
      ChecksumType: "FULL_OBJECT",
    });
    expect((await server.client().send(new HeadObjectCommand(at("to")))).Metadata).toEqual({ a: "b" });
  });

  it("refuses a changed source, an existing destination, a missing source, and a copy onto itself", async () => {
    await put("from");
    await expect(copy("to2", "data/from", { CopySourceIfMatch: "other" })).rejects.toMatchObject(
      failure("PreconditionFailed", 412),
    );
    await expect(copy("to", "data/from", { IfNoneMatch: "*" })).rejects.toMatchObject(
      failure("PreconditionFailed", 412),
    );
    await expect(copy("to2", "data/missing")).rejects.toMatchObject(failure("NoSuchKey", 404));
    await expect(copy("from", "data/from")).rejects.toMatchObject(failure("InvalidRequest", 400));
    await expect(copy("to2", "data/from", { ExpectedSourceBucketOwner: "1" })).rejects.toMatchObject(
      failure("AccessDenied", 403),
    );
  });
});

describe("ListObjectsV2 and deleting", () => {
  it("lists 2,500 keys in byte order, in pages, with checksum algorithm and type", async () => {
    const list = server.state.addBucket({ name: "many", region, owner: account });
    const keys = Array.from({ length: 2_500 }, (_, index) => `k/${index % 7}/${index}`);
    for (const key of keys) server.state.put("many", key, key);
    const found: string[] = [];
    let token: string | undefined;
    let pages = 0;
    do {
      const page = await server
        .client()
        .send(new ListObjectsV2Command({ Bucket: list.name, Prefix: "k/", ContinuationToken: token }));
      found.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      expect(page.Contents?.[0]).toMatchObject({ ChecksumAlgorithm: ["CRC64NVME"], ChecksumType: "FULL_OBJECT" });
      token = page.NextContinuationToken;
      pages += 1;
    } while (token);
    expect(pages).toBe(3);
    expect(found).toEqual([...keys].sort());
    const after = await server.client().send(new ListObjectsV2Command({ Bucket: "many", StartAfter: found[2_000]! }));
    expect(after.Contents?.[0]?.Key).toBe(found[2_001]);
  });

  it("folds keys to common prefixes, over pages too", async () => {
    const prefixes: string[] = [];
    let token: string | undefined;
    do {
      const page = await server.client().send(
        new ListObjectsV2Command({
          Bucket: "many",
          Prefix: "k/",
          Delimiter: "/",
          MaxKeys: 2,
          ContinuationToken: token,
        }),
      );
      prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!));
      expect(page.Contents).toBeUndefined();
      token = page.NextContinuationToken;
    } while (token);
    expect(prefixes).toEqual(["k/0/", "k/1/", "k/2/", "k/3/", "k/4/", "k/5/", "k/6/"]);
  });

  it("writes keys percent-encoded on demand", async () => {
    server.state.put("many", "odd/a b+c&\u0001é", "x");
    const page = await server
      .client()
      .send(new ListObjectsV2Command({ Bucket: "many", Prefix: "odd/", EncodingType: "url" }));
    expect(page.Contents?.[0]?.Key).toBe("odd/a+b%2Bc%26%01%C3%A9");
  });

  it("refuses a token that it did not give", async () => {
    await expect(
      server.client().send(new ListObjectsV2Command({ Bucket: "many", ContinuationToken: "***" })),
    ).rejects.toMatchObject(failure("InvalidArgument", 400));
  });

  it("deletes many at once and tells inside the answer what it left", async () => {
    await put("d1");
    await put("d2");
    const { Deleted, Errors } = await server.client().send(
      new DeleteObjectsCommand({
        Bucket: "data",
        Delete: { Objects: [{ Key: "d1" }, { Key: "d2", ETag: "other" }, { Key: "d3" }] },
      }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual(["d1", "d3"]);
    expect(Errors).toMatchObject([{ Key: "d2", Code: "PreconditionFailed" }]);
    expect(server.state.read("data", "d2")?.toString()).toBe("hello");
  });

  it("deletes under a condition only what was meant", async () => {
    const { ETag } = await put("d4");
    const remove = (IfMatch: string) => server.client().send(new DeleteObjectCommand({ ...at("d4"), IfMatch }));
    await expect(remove('"other"')).rejects.toMatchObject(failure("PreconditionFailed", 412));
    await remove(ETag!);
    expect(server.state.read("data", "d4")).toBeUndefined();
  });
});
