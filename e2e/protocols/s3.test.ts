import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  type S3ClientConfig,
  UploadPartCommand,
  type UploadPartCommandInput,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checksumOf, composite } from "../../sandbox/s3/checksums/algorithms.ts";
import { account, region, startS3 } from "../../test/integration/sandbox-s3/server.ts";
import { startVersitygw } from "./versitygw.ts";

interface S3Server {
  client(over?: S3ClientConfig): S3Client;
  close(): Promise<void>;
}

/**
 * Both must answer as AWS does. What versitygw 1.8.0 is known to do otherwise is not asked of either here: it refuses the UploadIdMarker that
 * it gave, refuses several attributes in GetObjectAttributes, copies a source's checksum into each part of UploadPartCopy, keeps `aws-chunked`
 * as a Content-Encoding, does not echo SSE-KMS, and wants every part's checksum named at Complete, where AWS wants that of a COMPOSITE upload only;
 * an unknown access key is 404 there.
 */
const servers: readonly { readonly name: string; start(): Promise<S3Server> }[] = [
  {
    name: "the sandbox",
    async start() {
      const server = await startS3();
      return {
        client: server.client,
        async close() {
          await server.close();
          expect(server.defects).toEqual([]);
        },
      };
    },
  },
  {
    name: "versitygw",
    start: () =>
      startVersitygw({ region, accessKeyId: "e2e", secretAccessKey: "loopback-only", bucket: "data", owner: account }),
  },
];

const minimum = 5 * 1024 * 1024;
const parts = [Buffer.alloc(minimum, "first "), Buffer.alloc(minimum + 7, "second "), Buffer.from("the end")];
const whole = Buffer.concat(parts);
const hello = Buffer.from("hello");
const failure = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });
const crc32 = checksumOf("CRC32", [whole]);
const full = { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const;

describe.each(servers)("S3 on $name", ({ start }) => {
  let server: S3Server;
  /** Adds no checksums of its own choice, which would hide what the server does by itself. */
  let s3: S3Client;
  beforeAll(async () => {
    server = await start();
    s3 = server.client({ requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" });
  });
  afterAll(() => server?.close());

  const at = (Key: string) => ({ Bucket: "data", Key });
  const put = (key: string, over: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ ...at(key), Body: hello, ...over }));
  const head = (key: string) => s3.send(new HeadObjectCommand({ ...at(key), ChecksumMode: "ENABLED" }));
  const absent = (key: string) => expect(head(key)).rejects.toMatchObject(failure("NotFound", 404));
  const create = async (key: string, settings: Partial<CreateMultipartUploadCommandInput> = full) =>
    (await s3.send(new CreateMultipartUploadCommand({ ...at(key), ...settings }))).UploadId!;
  const upload = (key: string, UploadId: string, number: number, over: Partial<UploadPartCommandInput> = {}) =>
    s3.send(
      new UploadPartCommand({ ...at(key), UploadId, PartNumber: number, Body: parts[number - 1] ?? hello, ...over }),
    );
  type Named = { PartNumber: number; ETag: string; ChecksumCRC32?: string };
  /** Uploads the three parts, last first. */
  const three = async (key: string, id: string, checksums = true): Promise<readonly Named[]> => {
    const named: Named[] = [];
    for (const number of [3, 2, 1]) {
      const sum = checksums ? { ChecksumCRC32: checksumOf("CRC32", [parts[number - 1]!]) } : {};
      const { ETag, ChecksumCRC32 } = await upload(key, id, number, sum);
      named.unshift({ PartNumber: number, ETag: ETag!, ...(ChecksumCRC32 ? { ChecksumCRC32 } : {}) });
    }
    return named;
  };
  const complete = (
    key: string,
    UploadId: string,
    named: readonly Named[],
    over: Partial<CompleteMultipartUploadCommandInput> = {},
  ) =>
    s3.send(
      new CompleteMultipartUploadCommand({ ...at(key), UploadId, MultipartUpload: { Parts: [...named] }, ...over }),
    );
  const bytesOf = async (key: string, over = {}) =>
    Buffer.from(await (await s3.send(new GetObjectCommand({ ...at(key), ...over }))).Body!.transformToByteArray());

  describe("an object put at once", () => {
    it.each(["CRC32", "CRC64NVME"] as const)("keeps a right %s and gives it back, with its type", async (algorithm) => {
      await put(`sum/${algorithm}`, { [`Checksum${algorithm}`]: checksumOf(algorithm, [hello]) });
      expect(await head(`sum/${algorithm}`)).toMatchObject({
        [`Checksum${algorithm}`]: checksumOf(algorithm, [hello]),
        ChecksumType: "FULL_OBJECT",
        ContentLength: 5,
      });
    });

    it.each(["CRC32", "CRC64NVME"] as const)("is refused with a wrong %s, and not stored", async (algorithm) => {
      const wrong = { [`Checksum${algorithm}`]: checksumOf(algorithm, [Buffer.from("other")]) };
      await expect(put(`wrong/${algorithm}`, wrong)).rejects.toMatchObject(failure("BadDigest", 400));
      await absent(`wrong/${algorithm}`);
    });

    it("is refused with a wrong Content-MD5, and with one that is none", async () => {
      const md5 = createHash("md5").update("other").digest("base64");
      await expect(put("md5", { ContentMD5: md5 })).rejects.toMatchObject(failure("BadDigest", 400));
      await expect(put("md5", { ContentMD5: "none" })).rejects.toMatchObject(failure("InvalidDigest", 400));
      await absent("md5");
    });

    it("comes as a stream with its checksum behind it", async () => {
      const content = Buffer.alloc(100_000, "stream ");
      const sending = server.client();
      await sending.send(
        new PutObjectCommand({
          ...at("stream"),
          Body: Readable.from([content.subarray(0, 70_000), content.subarray(70_000)]),
          ContentLength: content.length,
          ChecksumAlgorithm: "CRC32",
        }),
      );
      expect((await bytesOf("stream")).equals(content)).toBe(true);
      expect((await head("stream")).ChecksumCRC32).toBe(checksumOf("CRC32", [content]));
    });

    it("does not replace one that stands where it shall be new", async () => {
      await put("new", { IfNoneMatch: "*" });
      await expect(put("new", { IfNoneMatch: "*" })).rejects.toMatchObject(failure("PreconditionFailed", 412));
    });

    it("is read in a range, and copied with its checksum", async () => {
      await put("source", { ChecksumCRC32: checksumOf("CRC32", [hello]), Metadata: { a: "b" } });
      expect((await bytesOf("source", { Range: "bytes=1-3" })).toString()).toBe("ell");
      await s3.send(new CopyObjectCommand({ ...at("copy"), CopySource: "data/source" }));
      expect(await head("copy")).toMatchObject({ ChecksumCRC32: checksumOf("CRC32", [hello]), Metadata: { a: "b" } });
    });
  });

  describe("who may come in", () => {
    it("is refused with another secret, and with a clock that is twenty minutes late", async () => {
      const { accessKeyId } = await s3.config.credentials();
      const wrong = server.client({ credentials: { accessKeyId, secretAccessKey: "guessed" } });
      await expect(wrong.send(new PutObjectCommand({ ...at("no"), Body: hello }))).rejects.toMatchObject(
        failure("SignatureDoesNotMatch", 403),
      );
      const late = server.client({ systemClockOffset: -20 * 60 * 1000 });
      await expect(late.send(new PutObjectCommand({ ...at("no"), Body: hello }))).rejects.toMatchObject(
        failure("RequestTimeTooSkewed", 403),
      );
      await absent("no");
    });

    it("is refused where the bucket is another's than expected, and served where it is not", async () => {
      const stranger = { ExpectedBucketOwner: "999999999999" };
      await expect(put("owner", stranger)).rejects.toMatchObject(failure("AccessDenied", 403));
      await put("owner", { ExpectedBucketOwner: account });
      expect(await s3.send(new HeadBucketCommand({ Bucket: "data", ExpectedBucketOwner: account }))).toMatchObject({
        BucketRegion: region,
      });
    });

    it("hears that a bucket is not there", async () => {
      await expect(put("k", { Bucket: "nowhere" })).rejects.toMatchObject(failure("NoSuchBucket", 404));
    });
  });

  describe("a multipart upload", () => {
    it("gives the object its full checksum, ETag, metadata and type, and answers a repeated Complete", async () => {
      const id = await create("whole", { ...full, Metadata: { a: "b" }, ContentType: "text/plain" });
      const named = await three("whole", id);
      const asked = { ChecksumCRC32: crc32, ChecksumType: "FULL_OBJECT", MpuObjectSize: whole.length } as const;
      const done = await complete("whole", id, named, asked);
      const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest();
      const ETag = `"${md5(Buffer.concat(parts.map(md5))).toString("hex")}-3"`;
      expect(done).toMatchObject({ ETag, ChecksumCRC32: crc32, ChecksumType: "FULL_OBJECT" });
      expect((await bytesOf("whole")).equals(whole)).toBe(true);
      expect(await head("whole")).toMatchObject({
        ETag,
        ChecksumCRC32: crc32,
        ChecksumType: "FULL_OBJECT",
        Metadata: { a: "b" },
        ContentType: "text/plain",
        ContentLength: whole.length,
      });
      expect((await complete("whole", id, named, asked)).ETag).toBe(ETag);
    });

    it("is refused with a wrong checksum of the whole, whether the parts had checksums or not", async () => {
      for (const [key, checksums] of [
        ["wrong-whole", true],
        ["wrong-bare", false],
      ] as const) {
        const id = await create(key);
        const named = await three(key, id, checksums);
        const wrong = { ChecksumCRC32: checksumOf("CRC32", [parts[0]!]), ChecksumType: "FULL_OBJECT" } as const;
        await expect(complete(key, id, named, wrong)).rejects.toMatchObject(failure("BadDigest", 400));
        await absent(key);
        const right = { ChecksumCRC32: crc32, ChecksumType: "FULL_OBJECT" } as const;
        expect(await complete(key, id, named, right)).toMatchObject({ ChecksumCRC32: crc32 });
      }
    });

    it("is refused with another size than it has", async () => {
      const id = await create("size");
      const named = await three("size", id);
      await expect(complete("size", id, named, { MpuObjectSize: whole.length - 1 })).rejects.toMatchObject(
        failure("InvalidRequest", 400),
      );
      await absent("size");
    });

    it("has CRC64NVME where nothing was declared, and COMPOSITE where CRC32 came without a type", async () => {
      const bare = await create("bare", {});
      expect(await complete("bare", bare, await three("bare", bare, false))).toMatchObject({
        ChecksumCRC64NVME: checksumOf("CRC64NVME", [whole]),
        ChecksumType: "FULL_OBJECT",
      });
      const id = await create("composite", { ChecksumAlgorithm: "CRC32" });
      const value = composite(
        "CRC32",
        parts.map((part) => ({ checksum: checksumOf("CRC32", [part]) })),
      );
      const done = await complete("composite", id, await three("composite", id));
      expect(done).toMatchObject({ ChecksumCRC32: value, ChecksumType: "COMPOSITE" });
    });

    it("cannot be declared CRC64NVME and COMPOSITE", async () => {
      await expect(create("no", { ChecksumAlgorithm: "CRC64NVME", ChecksumType: "COMPOSITE" })).rejects.toMatchObject({
        $metadata: { httpStatusCode: 400 },
      });
    });

    it("takes no part with a wrong checksum or of another algorithm", async () => {
      const id = await create("part");
      const wrong = { ChecksumCRC32: checksumOf("CRC32", [parts[0]!]) };
      await expect(upload("part", id, 3, wrong)).rejects.toMatchObject(failure("BadDigest", 400));
      const other = { ChecksumSHA256: checksumOf("SHA256", [parts[2]!]) };
      await expect(upload("part", id, 3, other)).rejects.toMatchObject(failure("InvalidRequest", 400));
      expect((await s3.send(new ListPartsCommand({ ...at("part"), UploadId: id }))).Parts ?? []).toEqual([]);
    });

    it("needs its parts in order and as they were uploaded, and only the last may be small", async () => {
      const id = await create("order");
      const [first, second, third] = await three("order", id);
      const refusals: readonly [readonly Named[], string][] = [
        [[second!, first!, third!], "InvalidPartOrder"],
        [[first!, { ...second!, ETag: `"${"0".repeat(32)}"` }, third!], "InvalidPart"],
        [[first!, { ...second!, ChecksumCRC32: third!.ChecksumCRC32! }, third!], "InvalidPart"],
      ];
      for (const [named, name] of refusals)
        await expect(complete("order", id, named)).rejects.toMatchObject(failure(name, 400));
      const small = await upload("order", id, 2, {
        Body: "small",
        ChecksumCRC32: checksumOf("CRC32", [Buffer.from("small")]),
      });
      const named = { PartNumber: 2, ETag: small.ETag!, ChecksumCRC32: small.ChecksumCRC32! };
      await expect(complete("order", id, [first!, named, third!])).rejects.toMatchObject(
        failure("EntityTooSmall", 400),
      );
      await absent("order");
    });

    it("does not replace an object that stands where it shall be new", async () => {
      await put("stands");
      const id = await create("stands");
      const named = await three("stands", id);
      await expect(complete("stands", id, named, { IfNoneMatch: "*" })).rejects.toMatchObject(
        failure("PreconditionFailed", 412),
      );
      expect((await bytesOf("stands")).toString()).toBe("hello");
    });

    it("lists its parts in pages with their checksums, and is gone after an abort", async () => {
      const id = await create("listed");
      for (let number = 1; number <= 5; number += 1) {
        const Body = Buffer.from(`part ${number}`);
        await upload("listed", id, number, { Body, ChecksumCRC32: checksumOf("CRC32", [Body]) });
      }
      const numbers: number[] = [];
      let marker: string | undefined;
      do {
        const page = await s3.send(
          new ListPartsCommand({ ...at("listed"), UploadId: id, MaxParts: 2, PartNumberMarker: marker }),
        );
        expect(page).toMatchObject({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
        for (const part of page.Parts ?? []) {
          numbers.push(part.PartNumber!);
          expect(part.ChecksumCRC32).toBe(checksumOf("CRC32", [Buffer.from(`part ${part.PartNumber}`)]));
        }
        marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
      } while (marker);
      expect(numbers).toEqual([1, 2, 3, 4, 5]);
      await s3.send(new AbortMultipartUploadCommand({ ...at("listed"), UploadId: id }));
      await expect(s3.send(new ListPartsCommand({ ...at("listed"), UploadId: id }))).rejects.toMatchObject(
        failure("NoSuchUpload", 404),
      );
    });

    it("is found below its prefix while it is open", async () => {
      const id = await create("open/a");
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: "data", Prefix: "open/" }));
      expect(Uploads).toMatchObject([{ Key: "open/a", UploadId: id }]);
      await s3.send(new AbortMultipartUploadCommand({ ...at("open/a"), UploadId: id }));
    });
  });

  it("lists objects in pages, from a key on and by folder, and deletes many at once", async () => {
    const keys = Array.from({ length: 25 }, (_, index) => `many/${String(index).padStart(2, "0")}/file`);
    for (const key of keys) await put(key);
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ MaxKeys: 10, ContinuationToken });
      found.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(found).toEqual(keys);
    expect((await list({ StartAfter: keys[22] })).Contents).toHaveLength(2);
    expect((await list({ Delimiter: "/" })).CommonPrefixes).toHaveLength(25);
    await s3.send(new DeleteObjectsCommand({ Bucket: "data", Delete: { Objects: keys.map((Key) => ({ Key })) } }));
    expect((await list({})).KeyCount).toBe(0);
  });

  const list = (more: object) => s3.send(new ListObjectsV2Command({ Bucket: "data", Prefix: "many/", ...more }));
});
