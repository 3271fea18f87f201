import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAuthority } from "../../../sandbox/tls.ts";
import type { Aws } from "../../../src/aws/session.ts";
import { openBucket } from "../../../src/transfer/s3.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { type Loopback, memorySource, type OnRequest, startLoopback } from "./loopback.ts";

const body = Buffer.alloc(200_000, "x");
const hash = createHash("sha256").update(body).digest("hex");

let folder: string;
let server: Loopback;
let seen: { url: string; payload: string; scope: string; bytes: number; token: string }[];
let answer: OnRequest;
let minted: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-tls-"));
  const authority = await createAuthority();
  writeFileSync(join(folder, "ca.pem"), authority.certificate);
  seen = [];
  minted = 0;
  const leaf = await authority.issue({ names: ["127.0.0.1"] });
  server = await startLoopback(
    (request, response) => {
      let bytes = 0;
      request.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.once("end", () => {
        seen.push({
          url: request.url ?? "",
          bytes,
          payload: String(request.headers["x-amz-content-sha256"]),
          scope: /Credential=[^/]+\/\d+\/([^,]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "",
          token: String(request.headers["x-amz-security-token"]),
        });
        answer(request, response);
      });
    },
    { ...leaf, authority: join(folder, "ca.pem") },
  );
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A session whose S3 is the loopback server, by path style over https. */
function session(): Aws {
  const credentials = async () => {
    minted += 1;
    return { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: `session-${minted}` };
  };
  return {
    region: "us-east-2",
    account: "210987654321",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    arn: "arn:aws:iam::210987654321:user/tester",
    options: {
      region: "us-east-2",
      credentials,
      endpoint: server.url,
      forcePathStyle: true,
    } as unknown as Aws["options"],
    credentials,
    agents: server.agents,
  };
}

const context = () => testContext({ clock: fakeClock(Date.now()) });
const put = {
  what: "the test",
  method: "PUT",
  key: "part",
  body: { source: memorySource(body), offset: 0, size: body.length },
} as const;

describe("a signed request over https", () => {
  it("leaves a large body out of the signature, hashes a small one, and asks for credentials each time", async () => {
    answer = (_, response) => response.end();
    const bucket = await openBucket(session(), "data", context());
    await bucket.send(put);
    await bucket.send({ ...put, body: Buffer.from("small") });
    await bucket.send({ ...put, method: "GET", body: undefined });
    expect(seen.map(({ payload }) => payload)).toEqual([
      "UNSIGNED-PAYLOAD",
      createHash("sha256").update("small").digest("hex"),
      createHash("sha256").update("").digest("hex"),
    ]);
    expect(new Set(seen.map(({ token }) => token)).size).toBe(3);
  });

  it("signs the body where a bucket's policy wants it, and remembers that", async () => {
    answer = (request, response) => {
      if (request.headers["x-amz-content-sha256"] !== "UNSIGNED-PAYLOAD") response.end();
      else response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    };
    const bucket = await openBucket(session(), "data", context());
    expect((await bucket.send(put)).status).toBe(200);
    expect((await bucket.send(put)).status).toBe(200);
    expect(seen.map(({ payload }) => payload)).toEqual(["UNSIGNED-PAYLOAD", hash, hash]);
    expect(seen.every(({ bytes }) => bytes === body.length)).toBe(true);
  });

  it("tries the signed body only once where access is denied for another reason", async () => {
    answer = (_, response) => response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    const bucket = await openBucket(session(), "data", context());
    expect((await bucket.send(put)).body.toString()).toContain("AccessDenied");
    expect((await bucket.send(put)).status).toBe(403);
    expect(seen.map(({ payload }) => payload)).toEqual(["UNSIGNED-PAYLOAD", hash, "UNSIGNED-PAYLOAD"]);
  });

  it("never repeats a body that passes once", async () => {
    answer = (_, response) => response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
    const bucket = await openBucket(session(), "data", context());
    async function* chunks() {
      yield body;
    }
    expect((await bucket.send({ ...put, body: { chunks: chunks(), size: body.length } })).status).toBe(403);
    expect(seen).toHaveLength(1);
  });

  it("goes to the region that the bucket is in, and stays there", async () => {
    answer = (_, response) => {
      if (seen.at(-1)?.scope.startsWith("eu-west-1/")) response.end();
      else response.writeHead(301, { "x-amz-bucket-region": "eu-west-1" }).end();
    };
    const bucket = await openBucket(session(), "data", context());
    expect((await bucket.send({ ...put, method: "HEAD", body: undefined })).status).toBe(200);
    expect((await bucket.send({ ...put, method: "HEAD", body: undefined })).status).toBe(200);
    expect(seen.map(({ scope }) => scope.split("/")[0])).toEqual(["us-east-2", "eu-west-1", "eu-west-1"]);
  });

  it("encodes keys and queries as the signature wants them", async () => {
    answer = (_, response) => response.end();
    const bucket = await openBucket(session(), "data", context());
    await bucket.send({ ...put, key: "a b/ü+(1)*'!.tar", query: { uploadId: "x/y+z=", partNumber: "3" } });
    expect(seen[0]?.url).toBe("/data/a%20b/%C3%BC%2B%281%29%2A%27%21.tar?uploadId=x%2Fy%2Bz%3D&partNumber=3");
  });

  it("asks once for new credentials when they have expired", async () => {
    answer = (_, response) => {
      if (seen.length > 1) response.end();
      else response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>");
    };
    const bucket = await openBucket(session(), "data", context());
    expect((await bucket.send(put)).status).toBe(200);
    expect(new Set(seen.map(({ token }) => token)).size).toBe(2);
    answer = (_, response) => response.writeHead(400).end("<Error><Code>ExpiredToken</Code></Error>");
    expect((await bucket.send(put)).status).toBe(400);
    expect(seen).toHaveLength(4);
  });
});
