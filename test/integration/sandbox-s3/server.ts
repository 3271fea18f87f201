import { request as httpRequest } from "node:http";
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { awsEndpoint } from "../../../sandbox/aws/endpoint.ts";
import { Principals } from "../../../sandbox/aws/principals.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { listen } from "../../../sandbox/http.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import type { Bucket } from "../../../sandbox/s3/bucket.ts";
import type { S3Options } from "../../../sandbox/s3/request.ts";
import { createS3 } from "../../../sandbox/s3/service.ts";
import { S3State } from "../../../sandbox/s3/state.ts";
import type { Ground } from "../../../sandbox/service.ts";

export const account = "210987654321";
export const region = "us-east-2";

/** S3 of the sandbox behind its endpoint, a bucket `data` in it, and the SDK's client for it. */
export interface S3Server {
  readonly ground: Ground;
  readonly state: S3State;
  readonly bucket: Bucket;
  readonly url: string;
  readonly defects: unknown[];
  client(over?: S3ClientConfig): S3Client;
  close(): Promise<void>;
}

export async function startS3(options: Omit<S3Options, "state"> = {}): Promise<S3Server> {
  const defects: unknown[] = [];
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 1,
    onDefect: (error) => defects.push(error),
  };
  const principals = new Principals("aws");
  const user = principals.addUser(account, "tester");
  const state = new S3State();
  const bucket = state.addBucket({ name: "data", region, owner: account });
  const handler = awsEndpoint(ground, {
    principals,
    regions: [region, "eu-west-1"],
    now: ground.now,
    clocks: () => [ground.now()],
    services: [createS3(ground, { state, ...options })],
    authorise: () => undefined,
  });
  const listening = await listen(handler, ground.onDefect);
  const clients: S3Client[] = [];
  return {
    ground,
    state,
    bucket,
    url: listening.url,
    defects,
    client(over = {}) {
      const client = new S3Client({
        region,
        endpoint: listening.url,
        forcePathStyle: true,
        maxAttempts: 1,
        logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
        credentials: { accessKeyId: user.caller.accessKeyId, secretAccessKey: user.secretAccessKey },
        ...over,
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await listening.close();
    },
  };
}

/** Sends a request as it stands and gives status, headers and text of the answer. */
export function send(
  url: string,
  method = "GET",
  headers: Record<string, string> = {},
  body: Buffer | string = "",
  signal?: AbortSignal,
): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers, agent: false, ...(signal ? { signal } : {}) }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.once("error", reject);
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}

interface Signer {
  sign(request: object): Promise<{ headers: Record<string, string> }>;
  presign(request: object, options: object): Promise<{ query: Record<string, string> }>;
}

const parts = (server: S3Server, method: string, target: string, headers: Record<string, string>) => {
  const url = new URL(server.url + target);
  return {
    method,
    protocol: "http:",
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...headers },
  };
};

/** Sends a request whose headers are signed by the SDK's signer as they stand, with a body that they need not fit. */
export async function sendSigned(
  server: S3Server,
  method: string,
  target: string,
  headers: Record<string, string>,
  body: Buffer | string = "",
  signal?: AbortSignal,
) {
  const signer = (await (server.client().config.signer as () => Promise<unknown>)()) as Signer;
  const payload = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
  const signed = await signer.sign(parts(server, method, target, { ...payload, ...headers }));
  return send(server.url + target, method, signed.headers, body, signal);
}

/** Presigned URL of a GET (or another method) by the SDK's signer. */
export async function presigned(server: S3Server, target: string, method = "GET", expiresIn = 60): Promise<string> {
  const signer = (await (server.client().config.signer as () => Promise<unknown>)()) as Signer;
  const { query } = await signer.presign(
    parts(server, method, target, { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" }),
    { expiresIn },
  );
  return `${server.url}${target.split("?")[0]}?${new URLSearchParams(query)}`;
}
