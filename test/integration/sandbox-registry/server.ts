import { createHash } from "node:crypto";
import { ECRClient } from "@aws-sdk/client-ecr";
import { createEcr } from "../../../sandbox/aws/ecr/service.ts";
import { awsEndpoint } from "../../../sandbox/aws/endpoint.ts";
import { KmsState } from "../../../sandbox/aws/kms.ts";
import { Principals } from "../../../sandbox/aws/principals.ts";
import { Faults } from "../../../sandbox/faults.ts";
import { listen } from "../../../sandbox/http.ts";
import type { RegistryAuthorise } from "../../../sandbox/registry/request.ts";
import { startRegistry } from "../../../sandbox/registry/service.ts";
import { RegistryState, type RegistryStateOptions } from "../../../sandbox/registry/state.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import type { Ground } from "../../../sandbox/service.ts";

export const account = "210987654321";
export const region = "us-east-2";
export const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
} as const;

/** ECR behind its endpoint and its registry, with clients for both. */
export interface EcrServer {
  readonly ground: Ground;
  readonly state: RegistryState;
  readonly kms: KmsState;
  readonly defects: unknown[];
  readonly ecr: ECRClient;
  readonly url: string;
  /** Moves the services' clock. */
  advance(milliseconds: number): void;
  /** Asks the registry with a token that is good now; `authorization: ""` sends none. */
  ask(
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string | Uint8Array<ArrayBuffer>,
  ): Promise<Response>;
  /** Uploads a blob by POST, one PATCH and an empty PUT. */
  push(repository: string, content: Buffer, digest?: string): Promise<Response>;
  close(): Promise<void>;
}

export async function startEcr(
  options: Partial<RegistryStateOptions> & { readonly authorise?: RegistryAuthorise } = {},
): Promise<EcrServer> {
  const defects: unknown[] = [];
  let moved = 0;
  const ground: Ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now() + moved,
    pace: 1,
    onDefect: (error) => defects.push(error),
  };
  const principals = new Principals("aws");
  const user = principals.addUser(account, "tester");
  const state = new RegistryState({ account, region, partition: "aws", now: ground.now, ...options });
  const kms = new KmsState(account, region, "aws");
  const keys = (reference: string) => {
    const key = kms.find(reference);
    return key && { arn: key.arn, enabled: key.state === "Enabled" };
  };
  const registry = await startRegistry(ground, {
    state,
    ...(options.authorise ? { authorise: options.authorise } : {}),
  });
  const handler = awsEndpoint(ground, {
    principals,
    regions: [region],
    now: ground.now,
    clocks: () => [Date.now()],
    services: [createEcr(state, keys)],
    authorise: () => undefined,
  });
  const endpoint = await listen(handler, ground.onDefect);
  const ecr = new ECRClient({
    region,
    endpoint: endpoint.url,
    maxAttempts: 1,
    credentials: { accessKeyId: user.caller.accessKeyId, secretAccessKey: user.secretAccessKey },
  });
  let { password } = state.issueToken(user.caller);
  const server: EcrServer = {
    ground,
    state,
    kms,
    defects,
    ecr,
    url: registry.url,
    advance(milliseconds) {
      moved += milliseconds;
      password = state.issueToken(user.caller).password;
    },
    ask: (method, path, headers = {}, body) => {
      const { authorization = basic(password), ...rest } = headers;
      const sent = authorization === "" ? rest : { authorization, ...rest };
      return fetch(path.startsWith("http") ? path : `${registry.url}/v2/${path}`, {
        method,
        headers: sent,
        redirect: "manual",
        ...(body === undefined ? {} : { body }),
      });
    },
    async push(repository, content, digest = digestOf(content)) {
      const started = await server.ask("POST", `${repository}/blobs/uploads/`);
      if (!started.ok) return started;
      const patched = await server.ask("PATCH", started.headers.get("location")!, {}, new Uint8Array(content));
      if (!patched.ok) return patched;
      return server.ask("PUT", `${patched.headers.get("location")}?digest=${digest}`);
    },
    async close() {
      ecr.destroy();
      await Promise.all([registry.close(), endpoint.close()]);
    },
  };
  return server;
}

export function basic(password: string): string {
  return `Basic ${Buffer.from(`AWS:${password}`).toString("base64")}`;
}

export function digestOf(content: Buffer | string): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export function descriptor(mediaType: string, content: Buffer | string): Descriptor {
  return { mediaType, digest: digestOf(content), size: Buffer.byteLength(content) };
}

/** A manifest over these blobs, as text. */
export function manifestOf(config: Buffer, layers: readonly Buffer[], more: object = {}): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(types.config, config),
    layers: layers.map((layer) => descriptor(types.layer, layer)),
    ...more,
  });
}

/** The first error of an answer of the registry. */
export async function errorOf(response: Response): Promise<{ status: number; code: string; message: string }> {
  const { errors } = (await response.json()) as { errors: readonly { code: string; message: string }[] };
  return { status: response.status, code: errors[0]!.code, message: errors[0]!.message };
}
