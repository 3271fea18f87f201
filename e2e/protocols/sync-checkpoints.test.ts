import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListMultipartUploadsCommand, ListPartsCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { awsEndpoint } from "../../sandbox/aws/endpoint.ts";
import { IamState } from "../../sandbox/aws/iam/state.ts";
import { Principals } from "../../sandbox/aws/principals.ts";
import { createSts } from "../../sandbox/aws/sts/service.ts";
import { Faults } from "../../sandbox/faults.ts";
import { type Listening, listen } from "../../sandbox/http.ts";
import { RequestLog } from "../../sandbox/requests.ts";
import { runAction } from "../../src/action/run.ts";
import { syncCheckpoints } from "../../src/actions/sync-checkpoints/index.ts";
import { systemClock } from "../../src/retry.ts";
import { checkpointFiles, writeTar } from "../../test/integration/checkpoints/archives.ts";
import { testContext } from "../../test/support/context.ts";
import { testRunner } from "../../test/support/runner.ts";
import { useAwsEnvironment } from "../environment.ts";
import { moto } from "../software.ts";
import { run } from "../tools/run.ts";
import { startVersitygw, type VersitygwServer } from "./versitygw.ts";

const account = "210987654321";
const region = "us-east-2";
const bucket = "acme-models-dev";
const mebibyte = 1_048_576;

let s3: VersitygwServer;
let endpoint: Listening;
let restore: () => void;
let workspace: string;
const defects: unknown[] = [];

/** STS is the sandbox's, which knows the same access key; S3 is the other's. */
beforeAll(async () => {
  workspace = mkdtempSync(join(tmpdir(), "eks-deploy-e2e-sync-"));
  const principals = new Principals("aws");
  const user = principals.addUser(account, "tester");
  const now = () => Date.now();
  const onDefect = (error: unknown) => void defects.push(error);
  const ground = { requests: new RequestLog(), faults: new Faults(), now, pace: 1, onDefect };
  const iam = new IamState({ account, partition: "aws", now });
  endpoint = await listen(
    awsEndpoint(ground, {
      principals,
      regions: [region],
      now,
      clocks: () => [now()],
      services: [createSts({ iam, principals, issuers: () => undefined })],
      authorise: () => undefined,
    }),
    onDefect,
  );
  const keys = { accessKeyId: user.caller.accessKeyId, secretAccessKey: user.secretAccessKey };
  s3 = await startVersitygw({ region, bucket, owner: account, initiator: user.caller.arn, ...keys });
  restore = useAwsEnvironment({
    AWS_ENDPOINT_URL: endpoint.url,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  });
});

afterAll(async () => {
  restore?.();
  await Promise.all([endpoint?.close(), s3?.close()]);
  rmSync(workspace, { recursive: true, force: true });
  expect(defects).toEqual([]);
});

async function sync(inputs: Readonly<Record<string, string>>, signal?: AbortSignal) {
  const ambient = { region, workspace, temp: join(workspace, "temp") };
  const context = testContext({ clock: systemClock, ambient, ...(signal ? { signal } : {}) });
  const runner = testRunner({ bucket, "part-size": "5MiB", ...inputs }, context);
  const outcome = await runAction(syncCheckpoints, runner);
  return Object.assign(runner, { outcome });
}

/** SHA-256 of every object below a prefix, as boto3 reads them. */
async function readBack(prefix: string): Promise<Readonly<Record<string, string>>> {
  const program = [
    "import boto3, hashlib, json, sys",
    "bucket = boto3.resource('s3', endpoint_url=sys.argv[1]).Bucket(sys.argv[2])",
    "digest = lambda item: hashlib.sha256(item.get()['Body'].read()).hexdigest()",
    "print(json.dumps({item.key: digest(item) for item in bucket.objects.filter(Prefix=sys.argv[3])}))",
  ].join("\n");
  const env = { AWS_DEFAULT_REGION: region };
  return JSON.parse(await run(await moto.get(), ["-c", program, s3.url, bucket, prefix], { env }));
}

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

it("unpacks a tar into an S3 server that others wrote, where another client reads the same bytes", async () => {
  const files = checkpointFiles("laguna", 24 * mebibyte);
  const path = writeTar(workspace, "laguna_m_2611.tar", files);
  const first = await sync({ checkpoints: `laguna-m=${path}` });
  expect(first.failures).toEqual([]);
  const prefix = "checkpoints/laguna-m/laguna_m_2611/";
  expect(JSON.parse(first.outputs["prefixes"]!)).toEqual({ "laguna-m": `s3://${bucket}/${prefix.slice(0, -1)}` });
  const found = await readBack(prefix);
  for (const file of files) expect(found[prefix + file.path]).toBe(sha256(file.content!));
  expect(Object.keys(found)).toHaveLength(files.length + 1);

  const second = await sync({ checkpoints: `laguna-m=${path}` });
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false", "checkpoints-bytes-uploaded": "0" });
});

it("goes on after a cancel where it stopped, and sends no finished part again", async () => {
  const files = checkpointFiles("resumed", 64 * mebibyte);
  const path = writeTar(workspace, "resumed_2611.tar", files);
  const inputs = { checkpoints: `resumed=${path}`, concurrency: "1" };
  const cancel = new AbortController();
  const cut = sync(inputs, cancel.signal);
  const client = s3.client();
  const open = async () =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: "checkpoints/resumed/" })))
      .Uploads?.[0];
  const stored = async () => {
    const upload = await open();
    if (!upload) return 0;
    const { Parts = [] } = await client.send(
      new ListPartsCommand({ Bucket: bucket, Key: upload.Key, UploadId: upload.UploadId }),
    );
    return Parts.length;
  };
  await expect.poll(stored, { timeout: 60_000, interval: 20 }).toBeGreaterThan(1);
  cancel.abort();
  expect((await cut).outcome).toBe("cancelled");
  const kept = await stored();
  expect(kept).toBeGreaterThan(1);

  const run = await sync(inputs);
  expect(run.failures).toEqual([]);
  const total = Number(run.outputs["checkpoints-bytes-total"]);
  expect(Number(run.outputs["checkpoints-bytes-uploaded"])).toBeLessThanOrEqual(total - kept * 5 * mebibyte);
  const prefix = "checkpoints/resumed/resumed_2611/";
  const found = await readBack(prefix);
  for (const file of files) expect(found[prefix + file.path]).toBe(sha256(file.content!));
  expect(await open()).toBeUndefined();
});
