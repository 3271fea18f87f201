import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { type FrontRules, startFront } from "../front.ts";
import { answers, freePorts, startServer } from "../processes.ts";
import { versitygw } from "../software.ts";
import { run } from "../tools/run.ts";

/** An S3 server that listens. */
export interface VersitygwServer {
  /** For the product, which asks one thing that this server does not have. */
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
  /** ARN of who uploads: AWS names it where uploads are listed. */
  readonly initiator?: string;
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
  const front = await startFront(port!, asAws(options.initiator ?? owner));
  return {
    url: `http://127.0.0.1:${front.port}`,
    client,
    async close() {
      for (const each of clients) each.destroy();
      await front.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Two answers of AWS that the product needs and versitygw does not give: GetBucketEncryption, which it does not have, and who began an upload, which it leaves empty. */
function asAws(initiator: string): FrontRules {
  const asks = ({ method, url = "/" }: IncomingMessage, parameter: string) =>
    method === "GET" && new URL(url, "http://s3").searchParams.has(parameter);
  return {
    own: (request) => (asks(request, "encryption") ? defaultEncryption : undefined),
    change: (request) =>
      asks(request, "uploads")
        ? (text) => text.replaceAll("<Initiator><ID></ID>", `<Initiator><ID>${initiator}</ID>`)
        : undefined,
  };
}

const defaultEncryption = [
  '<?xml version="1.0" encoding="UTF-8"?>',
  '<ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>',
  "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>",
  "<BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>",
].join("");
