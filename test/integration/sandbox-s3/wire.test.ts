import { createHash } from "node:crypto";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { AwsError } from "../../../sandbox/aws/service.ts";
import { checksumOf } from "../../../sandbox/s3/checksums/algorithms.ts";
import type { Permission } from "../../../sandbox/s3/permissions.ts";
import { account, presigned, region, type S3Server, send, sendSigned, startS3 } from "./server.ts";

let server: S3Server;
let denied: string[] = [];
const asked: Permission[] = [];
beforeAll(async () => {
  server = await startS3({
    keys: (reference, home) =>
      reference.includes("missing")
        ? undefined
        : {
            arn: `arn:aws:kms:${home.region}:${home.account}:key/${reference}`,
            enabled: !reference.includes("disabled"),
          },
    authorise: (_caller, permission) => {
      asked.push(permission);
      return denied.includes(permission.action) ? new AwsError(403, "AccessDenied", permission.action) : undefined;
    },
  });
});
afterEach(() => {
  denied = [];
  server.ground.faults.clear();
});
afterAll(() => server.close());

const code = ({ text }: { text: string }) => /<Code>(.*?)<\/Code>/.exec(text)?.[1];
const put = (headers: Record<string, string>, body: Buffer | string) =>
  sendSigned(server, "PUT", "/data/raw", { "content-length": String(Buffer.byteLength(body)), ...headers }, body);

describe("the body of a PutObject on the wire", () => {
  it("must have the hash that was signed", async () => {
    const hash = createHash("sha256").update("hello").digest("hex");
    expect((await put({ "x-amz-content-sha256": hash }, "hello")).status).toBe(200);
    const answer = await put({ "x-amz-content-sha256": hash }, "hellO");
    expect([answer.status, code(answer)]).toEqual([400, "XAmzContentSHA256Mismatch"]);
    expect(server.state.read("data", "raw")?.toString()).toBe("hello");
  });

  it("may be unsigned, unless the bucket's policy forbids it", async () => {
    const crc = { "x-amz-checksum-crc32": checksumOf("CRC32", [Buffer.from("hello")]) };
    expect((await put(crc, "hello")).status).toBe(200);
    expect(code(await put(crc, "hellO"))).toBe("BadDigest");
    server.bucket.requireSignedPayload = true;
    const answer = await put(crc, "hello");
    server.bucket.requireSignedPayload = false;
    expect([answer.status, code(answer)]).toEqual([403, "AccessDenied"]);
  });

  it.each([
    [{ "x-amz-checksum-crc32": "AAAA" }, "InvalidRequest"],
    [{ "x-amz-checksum-crc32": "NhCmhg==", "x-amz-checksum-sha1": "qvTGHdzF6KLavt4PO0gs2a6pQ00=" }, "InvalidRequest"],
    [{ "x-amz-sdk-checksum-algorithm": "CRC32" }, "InvalidRequest"],
    [{ "x-amz-content-sha256": "UNKNOWN" }, "InvalidArgument"],
    [{ "if-none-match": "abc" }, "NotImplemented"],
    [{ "x-amz-meta-long": "x".repeat(2048) }, "MetadataTooLarge"],
    [{ "x-amz-server-side-encryption": "aws:none" }, "InvalidArgument"],
    [{ "x-amz-server-side-encryption-aws-kms-key-id": "k" }, "InvalidArgument"],
    [
      { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "missing" },
      "KMS.NotFoundException",
    ],
    [
      { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "disabled" },
      "KMS.DisabledException",
    ],
  ])("is refused with %j", async (headers, expected) => {
    expect(code(await put(headers as unknown as Record<string, string>, "hello"))).toBe(expected);
  });

  it("must have its length told", async () => {
    const answer = await sendSigned(server, "PUT", "/data/raw", { "transfer-encoding": "chunked" }, "hello");
    expect([answer.status, code(answer)]).toEqual([411, "MissingContentLength"]);
  });

  it("is not stored when the sender goes away in its middle", async () => {
    const leave = new AbortController();
    const mark = server.ground.requests.all.length;
    const headers = { "content-length": "100" };
    const cut = sendSigned(server, "PUT", "/data/raw", headers, "hel", leave.signal);
    while (server.ground.requests.since(mark).length === 0) await new Promise((resolve) => setImmediate(resolve));
    leave.abort();
    await expect(cut).rejects.toThrow("aborted");
    const again = await sendSigned(server, "GET", "/data/raw", {});
    expect(again.text).toBe("hello");
  });

  it("echoes SSE-KMS with the key's ARN", async () => {
    const { headers } = await put(
      { "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "k9" },
      "hello",
    );
    expect(headers).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": `arn:aws:kms:${region}:${account}:key/k9`,
    });
  });

  it("is a call that is not built when it comes with a header that nobody here honours", async () => {
    const answer = await put({ "x-amz-acl": "public-read" }, "hello");
    expect(answer.status).toBe(501);
    expect(String(server.defects.pop())).toContain("PutObject with header x-amz-acl");
  });
});

describe("an aws-chunked body", () => {
  const crc = checksumOf("CRC32", [Buffer.from("hello")]);
  const framed = (body: string, size = 5, trailer: string | undefined = "x-amz-checksum-crc32") =>
    put(
      {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": String(size),
        "content-encoding": "aws-chunked",
        ...(trailer ? { "x-amz-trailer": trailer } : {}),
      },
      body,
    );

  it("is taken apart", async () => {
    expect((await framed(`5\r\nhello\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`)).status).toBe(200);
    expect(server.state.read("data", "raw")?.toString()).toBe("hello");
  });

  it.each([
    ["a wrong checksum in the trailer", "5\r\nhellO\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", "BadDigest"],
    ["an announced trailer that does not come", "5\r\nhello\r\n0\r\n\r\n", "MalformedTrailerError"],
    ["another length than announced", `4\r\nhell\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`, "IncompleteBody"],
    ["an end in mid-frame", "5\r\nhel", "IncompleteBody"],
    ["a size that is no number", "five\r\nhello\r\n0\r\n\r\n", "IncompleteBody"],
    [
      "small chunks before the last",
      `3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:${crc}\r\n\r\n`,
      "InvalidChunkSizeError",
    ],
  ])("is refused with %s", async (_what, body, expected) => {
    expect(code(await framed(body))).toBe(expected);
  });
});

describe("presigned URLs", () => {
  it("give the object to whoever holds them, and only by GET", async () => {
    server.state.put("data", "gift", "hello");
    const url = await presigned(server, "/data/gift");
    expect(await send(url)).toMatchObject({ status: 200, text: "hello" });
    expect(await send(url, "GET", { range: "bytes=1-2" })).toMatchObject({ status: 206, text: "el" });
    expect((await send(url, "HEAD")).status).toBe(403);
    expect((await send(url.replace("gift", "other"))).status).toBe(403);
    expect((await send(url.split("?")[0] ?? "")).status).toBe(403);
  });
});

describe("rights", () => {
  it("are asked for one by one, with the ARN and the conditions of each", async () => {
    server.state.addBucket({
      name: "sealed",
      region,
      owner: account,
      encryption: { algorithm: "aws:kms", keyArn: `arn:aws:kms:${region}:${account}:key/k`, bucketKey: true },
    });
    asked.length = 0;
    const mark = server.ground.requests.all.length;
    await server.client().send(new PutObjectCommand({ Bucket: "sealed", Key: "a/b", Body: "x" }));
    await server.client().send(new GetObjectCommand({ Bucket: "sealed", Key: "a/b" }));
    await server.client().send(new ListObjectsV2Command({ Bucket: "sealed", Prefix: "a/" }));
    const told = asked.map(({ action, arn }) => `${action} ${arn}`);
    const key = `arn:aws:kms:${region}:${account}:key/k`;
    for (const right of [
      "s3:PutObject arn:aws:s3:::sealed/a/b",
      `kms:GenerateDataKey ${key}`,
      "s3:GetObject arn:aws:s3:::sealed/a/b",
      `kms:Decrypt ${key}`,
      "s3:ListBucket arn:aws:s3:::sealed",
    ])
      expect(told).toContain(right);
    expect(asked.find(({ action }) => action === "kms:Decrypt")?.context).toEqual({
      "kms:ViaService": `s3.${region}.amazonaws.com`,
    });
    expect(server.ground.requests.iamActions(mark)).toEqual([
      "kms:Decrypt",
      "kms:GenerateDataKey",
      "s3:GetObject",
      "s3:ListBucket",
      "s3:PutObject",
    ]);
  });

  it("hide a missing key as 403 from those who may not list", async () => {
    denied = ["s3:ListBucket"];
    const head = server.client().send(new HeadObjectCommand({ Bucket: "data", Key: "missing" }));
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  it("end at the account, unless the bucket's policy lets another in", async () => {
    server.state.addBucket({ name: "theirs", region, owner: "310987654321" });
    server.state.addBucket({ name: "shared", region, owner: "310987654321", sharedWith: [account] });
    const list = (Bucket: string) => server.client().send(new ListObjectsV2Command({ Bucket }));
    await expect(list("theirs")).rejects.toMatchObject({ name: "AccessDenied" });
    expect((await list("shared")).KeyCount).toBe(0);
  });
});

describe("a server that discards", () => {
  it("keeps sizes and checksums, and says so when bytes are asked for", async () => {
    const discarding = await startS3({ discard: true });
    const s3 = discarding.client();
    await s3.send(new PutObjectCommand({ Bucket: "data", Key: "k", Body: "hello" }));
    const head = await s3.send(new HeadObjectCommand({ Bucket: "data", Key: "k", ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ContentLength: 5, ChecksumCRC32: checksumOf("CRC32", [Buffer.from("hello")]) });
    await expect(s3.send(new GetObjectCommand({ Bucket: "data", Key: "k" }))).rejects.toThrow();
    expect(String(discarding.defects)).toContain("keeps sizes and checksums only");
    await discarding.close();
  });
});
