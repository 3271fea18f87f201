import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startBalancer } from "../../../sandbox/balancer/balancer.ts";
import { clusterRoutes } from "../../../sandbox/balancer/routes.ts";
import type { Listening } from "../../../sandbox/http.ts";
import { ModelServers } from "../../../sandbox/models/servers.ts";
import { type Authority, createAuthority, type Leaf } from "../../../sandbox/tls.ts";
import {
  create,
  eventually,
  namespace,
  namespaceObject,
  sampleChart,
  startCluster,
  type TestCluster,
} from "./support.ts";

const key = "k-123";
let cluster: TestCluster;
let models: ModelServers;
let balancer: Listening;
let authority: Authority;
const leaves = new Map<string, Leaf>();

beforeAll(async () => {
  authority = await createAuthority();
  leaves.set("point.example.com", await authority.issue({ names: ["point.example.com"] }));
  leaves.set("laguna.example.com", await authority.issue({ names: ["laguna.example.com"] }));
  let started: ModelServers | undefined;
  cluster = await startCluster({ services: { startServer: (start) => started?.start(start) } });
  models = new ModelServers(cluster.ground);
  started = models;
  balancer = await startBalancer({
    ground: cluster.ground,
    certificate: leaves.get("point.example.com")!,
    certificateFor: (name) => leaves.get(name),
    route: clusterRoutes(cluster, models),
  });
  create(cluster, namespaceObject(), {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "vllm-auth", namespace },
    data: { VLLM_API_KEY: Buffer.from(key).toString("base64") },
  });
  const values = {
    fullnameOverride: "inference",
    image: { registry: "210987654321.dkr.ecr.us-east-2.amazonaws.com", tag: "1" },
    authentication: { secretName: "vllm-auth" },
    ingress: {
      enabled: true,
      className: "alb",
      annotations: {
        "alb.ingress.kubernetes.io/group.name": "poolside",
        "alb.ingress.kubernetes.io/certificate-arn": "arn:c",
      },
    },
    models: {
      point: {
        model: "s3://b/point",
        modelName: "Point",
        modelType: "completion",
        gpus: 1,
        ingressHost: "point.example.com",
      },
      laguna: {
        model: "s3://b/laguna",
        modelName: "Laguna",
        modelType: "agent",
        gpus: 1,
        ingressHost: "laguna.example.com",
      },
    },
    docs: { enabled: true, image: { tag: "1" }, ingressHost: "docs.example.com" },
  };
  writeFileSync(join(cluster.folder, "values.json"), JSON.stringify(values));
  const ran = await cluster.helm(
    4,
    "install",
    "inference",
    sampleChart,
    "-f",
    join(cluster.folder, "values.json"),
    "--wait",
    "--timeout=40s",
  );
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
  await vi.waitFor(() => expect(cluster.route("laguna.example.com", "/").kind).toBe("target"), 5000);
});
afterAll(async () => {
  await balancer.close();
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function ask(
  host: string,
  path: string,
  given: { key?: string; body?: unknown; method?: string; type?: string } = {},
): Promise<Answered> {
  const payload =
    given.body === undefined ? undefined : typeof given.body === "string" ? given.body : JSON.stringify(given.body);
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: "127.0.0.1",
      port: balancer.port,
      servername: host,
      ca: authority.certificate,
      checkServerIdentity: () => undefined,
      agent: false,
      path,
      method: given.method ?? (payload === undefined ? "GET" : "POST"),
      headers: {
        host,
        ...(given.key === undefined ? {} : { authorization: `Bearer ${given.key}` }),
        ...(payload === undefined ? {} : { "content-type": given.type ?? "application/json" }),
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const chunks: Buffer[] = [];
      const { subject } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
      response.on("data", (chunk: Buffer) => void chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          subject: String(subject.CN),
          headers: response.headers,
        }),
      );
    });
    outgoing.end(payload);
  });
}

const laguna = "laguna.example.com";
const point = "point.example.com";
const chat = (more: object = {}) => ({
  model: "Laguna",
  messages: [{ role: "user", content: "Write a function that reverses a string." }],
  max_tokens: 32,
  chat_template_kwargs: { enable_thinking: false },
  ...more,
});
const events = (body: string) =>
  body
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""));

describe("the load balancer", () => {
  it("shows each name its own certificate, and unknown names the default one", async () => {
    expect((await ask(laguna, "/health")).subject).toBe("laguna.example.com");
    expect((await ask(point, "/health")).subject).toBe("point.example.com");
    expect((await ask("other.example.com", "/health")).subject).toBe("point.example.com");
  });

  it("answers 404 itself for a host that no Ingress has", async () => {
    expect(await ask("other.example.com", "/health")).toMatchObject({ status: 404, headers: { server: "awselb/2.0" } });
  });

  it("answers 503 itself while a model has no ready pod, and goes on when it has one again", async () => {
    await cluster.kubectl("scale", "deploy/inference-laguna", "--replicas=0");
    await eventually(cluster, () => cluster.route(laguna, "/").kind === "no target");
    expect(await ask(laguna, "/health")).toMatchObject({ status: 503, headers: { server: "awselb/2.0" } });
    await cluster.kubectl("scale", "deploy/inference-laguna", "--replicas=1");
    await eventually(cluster, () => cluster.route(laguna, "/").kind === "target");
    expect(await ask(laguna, "/health")).toMatchObject({ status: 200, body: "" });
  });

  it("routes to the documentation site", async () => {
    expect(await ask("docs.example.com", "/")).toMatchObject({ status: 200, body: expect.stringContaining("<title>") });
  });
});

describe("a model server", () => {
  it("guards /v1 with the key of its Secret, and nothing else", async () => {
    const refused = { status: 401, body: '{"error":"Unauthorized"}' };
    expect(await ask(laguna, "/v1/models")).toMatchObject(refused);
    expect(await ask(laguna, "/v1/models", { key: "wrong" })).toMatchObject(refused);
    expect(await ask(laguna, "/v1/unknown")).toMatchObject(refused);
    expect(await ask(laguna, "/v1/unknown", { key })).toMatchObject({ status: 404, body: '{"detail":"Not Found"}' });
    expect(await ask(laguna, "/version")).toMatchObject({ status: 200, body: '{"version":"0.32.0"}' });
  });

  it("lists the name that it was started with", async () => {
    const { body } = await ask(laguna, "/v1/models", { key });
    expect(JSON.parse(body)).toMatchObject({
      object: "list",
      data: [{ id: "Laguna", object: "model", owned_by: "vllm" }],
    });
  });

  it("answers a chat with usage, the same each time", async () => {
    const said = async () =>
      JSON.parse((await ask(laguna, "/v1/chat/completions", { key, body: chat() })).body) as { choices: unknown };
    const answer = await said();
    expect(answer).toMatchObject({
      object: "chat.completion",
      model: "Laguna",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: expect.stringContaining("def reverse"), reasoning: null },
          finish_reason: "stop",
        },
      ],
      usage: { completion_tokens: 11 },
    });
    expect((await said()).choices).toEqual(answer.choices);
  });

  it("thinks in `reasoning` when it is asked to, and may end before it says anything", async () => {
    const body = chat({ chat_template_kwargs: { enable_thinking: true }, max_tokens: 3 });
    const answer = JSON.parse((await ask(laguna, "/v1/chat/completions", { key, body })).body) as unknown;
    expect(answer).toMatchObject({
      choices: [{ message: { content: null, reasoning: "The user wants" }, finish_reason: "length" }],
    });
  });

  it("leaks the end of its thoughts where a request leaves thinking open", async () => {
    const { body } = await ask(laguna, "/v1/chat/completions", {
      key,
      body: chat({ chat_template_kwargs: undefined }),
    });
    expect(JSON.parse(body)).toMatchObject({
      choices: [{ message: { content: expect.stringContaining("</think>") } }],
    });
  });

  it("streams a role, tokens with the finish on the last, usage when asked for, and [DONE]", async () => {
    const { body, headers } = await ask(laguna, "/v1/chat/completions", {
      key,
      body: chat({ stream: true, max_tokens: 2, stream_options: { include_usage: true } }),
    });
    expect(headers["content-type"]).toContain("text/event-stream");
    const [role, first, last, usage, done, ...rest] = events(body);
    expect(JSON.parse(role!)).toMatchObject({
      object: "chat.completion.chunk",
      choices: [{ delta: { role: "assistant", content: "" } }],
    });
    expect(JSON.parse(first!)).toMatchObject({ choices: [{ delta: { content: "def" }, finish_reason: null }] });
    expect(JSON.parse(last!)).toMatchObject({ choices: [{ finish_reason: "length" }] });
    expect(JSON.parse(usage!)).toMatchObject({ choices: [], usage: { completion_tokens: 2 } });
    expect([done, rest]).toEqual(["[DONE]", []]);
  });

  it("answers completions, streamed and whole", async () => {
    const body = { model: "Point", prompt: "def reverse(", max_tokens: 4 };
    expect(JSON.parse((await ask(point, "/v1/completions", { key, body })).body)).toMatchObject({
      object: "text_completion",
      choices: [{ text: "def reverse(text):", finish_reason: "length" }],
    });
    const streamed = events((await ask(point, "/v1/completions", { key, body: { ...body, stream: true } })).body);
    expect(streamed).toHaveLength(5);
    expect(streamed.at(-1)).toBe("[DONE]");
  });

  it.each<[string, string, unknown, number, string]>([
    ["another model's name", laguna, { model: "nope" }, 404, "The model `nope` does not exist."],
    ["no messages", laguna, { messages: undefined }, 400, "Field required"],
    ["a max_tokens of 0", laguna, { max_tokens: 0 }, 400, "max_tokens must be at least 1"],
    ["more than it can hold", laguna, { max_tokens: 200_000 }, 400, "maximum context length is 131072 tokens"],
    ["a chat with a completion model", point, { model: "Point" }, 400, "you must provide a chat template"],
  ])("refuses %s", async (_, host, more, status, message) => {
    const { status: given, body } = await ask(host, "/v1/chat/completions", { key, body: chat(more as object) });
    expect(given).toBe(status);
    expect((JSON.parse(body) as { error: { message: string; code: number } }).error).toMatchObject({
      message: expect.stringContaining(message),
      code: status,
    });
  });

  it("refuses what is no JSON, other content types and other methods", async () => {
    expect((await ask(laguna, "/v1/chat/completions", { key, body: "{" })).status).toBe(400);
    expect((await ask(laguna, "/v1/chat/completions", { key, body: chat(), type: "text/plain" })).status).toBe(400);
    expect(await ask(laguna, "/v1/chat/completions", { key })).toMatchObject({
      status: 405,
      body: '{"detail":"Method Not Allowed"}',
    });
  });

  it("takes a new key when its pod is replaced, not before", async () => {
    const patch = JSON.stringify({ data: { VLLM_API_KEY: Buffer.from("new").toString("base64") } });
    await cluster.kubectl("patch", "secret", "vllm-auth", "--type=merge", "-p", patch);
    expect((await ask(point, "/v1/models", { key })).status).toBe(200);
    await cluster.kubectl("rollout", "restart", "deploy/inference-point");
    await cluster.kubectl("rollout", "status", "deploy/inference-point", "--timeout=20s");
    await eventually(cluster, () => cluster.store.list("pods", namespace).length === 3);
    expect((await ask(point, "/v1/models", { key })).status).toBe(401);
    expect((await ask(point, "/v1/models", { key: "new" })).status).toBe(200);
  });
});
