import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { answers, freePorts, startServer } from "../processes.ts";
import { versitygw } from "../software.ts";
import { run } from "../tools/run.ts";

/** An S3 server that listens. */
export interface VersitygwServer {
  readonly url: string;
  /** A client of the administrator, or of what `over` gives. */
  client(over?: S3ClientConfig): S3Client;
  close(): Promise<void>;
}

export interface VersitygwOptions {
  readonly region: string;
  /** The administrator's keys. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A bucket to make, and the account that shall own it; the server names accounts by their access key. */
  readonly bucket: string;
  readonly owner: string;
}

/** Starts versitygw on loopback, over a folder of its own, with one bucket. */
export async function startVersitygw(options: VersitygwOptions): Promise<VersitygwServer> {
  const { region, accessKeyId, secretAccessKey, bucket, owner } = options;
  const program = await versitygw.get();
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-versitygw-"));
  for (const part of ["data", "accounts"]) mkdirSync(join(folder, part));
  const server = await startServer(
    "versitygw",
    [
      program,
      ...["-q", "--port", `127.0.0.1:${port}`, "--region", region, "--iam-dir", join(folder, "accounts")],
      ...["posix", join(folder, "data")],
    ],
    { env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey }, ready: () => answers(url) },
  );
  const clients: S3Client[] = [];
  const client = (over: S3ClientConfig = {}) => {
    const made = new S3Client({
      region,
      endpoint: url,
      forcePathStyle: true,
      maxAttempts: 1,
      logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
      credentials: { accessKeyId, secretAccessKey },
      ...over,
    });
    clients.push(made);
    return made;
  };
  const ownerSecret = `secret of ${owner}`;
  await run(program, [
    ...["admin", "--access", accessKeyId, "--secret", secretAccessKey, "--region", region, "--endpoint-url", url],
    ...["create-user", "--access", owner, "--secret", ownerSecret, "--role", "userplus"],
  ]);
  await client({ credentials: { accessKeyId: owner, secretAccessKey: ownerSecret } }).send(
    new CreateBucketCommand({ Bucket: bucket }),
  );
  return {
    url,
    client,
    async close() {
      for (const each of clients) each.destroy();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
