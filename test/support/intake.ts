import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SignatureV4 } from "@smithy/signature-v4";
import { type Entry, tarOf } from "../../sandbox/sample/tar.ts";
import type { World } from "../../sandbox/world.ts";

/** SHA-256 in the form that the SDK's signer wants. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === "string" ? secret : secret && Buffer.from(secret as Uint8Array);
    this.hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

/** A folder as a tar with the folder as its top. */
export function tarOfFolder(folder: string, top: string): Buffer {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ entry, path }): Entry => {
      const name = `${top}/${relative(folder, path)}`;
      return entry.isDirectory() ? { path: name } : { path: name, content: readFileSync(path) };
    });
  return tarOf([{ path: top }, ...entries]);
}

/** Puts bytes into the world's bucket, and gives a presigned URL for them, as whoever hands out a bundle does. */
export async function presignedUrl(world: World, key: string, bytes: Buffer): Promise<string> {
  const { bucket, region } = world.names;
  const credentials = {
    accessKeyId: world.env["AWS_ACCESS_KEY_ID"]!,
    secretAccessKey: world.env["AWS_SECRET_ACCESS_KEY"]!,
  };
  const endpoint = new URL(world.env["AWS_ENDPOINT_URL"]!);
  const client = new S3Client({ region, credentials, endpoint: endpoint.href, forcePathStyle: true });
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  client.destroy();
  const signer = new SignatureV4({
    service: "s3",
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  const path = `/${bucket}/${key}`;
  const { query } = await signer.presign(
    {
      method: "GET",
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      port: Number(endpoint.port),
      path,
      query: {},
      headers: { host: endpoint.host, "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" },
    },
    { expiresIn: 3_600 },
  );
  return `${endpoint.origin}${path}?${new URLSearchParams(query as Record<string, string>)}`;
}
