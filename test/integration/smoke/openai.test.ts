import { Agent, request } from "node:https";
import { Readable } from "node:stream";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { agent, completion, key, type Models, startModels } from "./support.ts";

let models: Models;
let pool: Agent;

beforeEach(async () => {
  models = await startModels();
  pool = new Agent({ ca: models.authority.certificate, keepAlive: false });
});

afterEach(async () => {
  pool.destroy();
  await models.close();
});

/** `fetch` that goes to the load balancer whatever the name resolves to. */
const toBalancer: typeof fetch = (input, init = {}) => {
  const url = new URL(String(input));
  const headers = Object.fromEntries(new Headers(init.headers));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: models.port,
        servername: url.hostname,
        agent: pool,
        method: init.method ?? "GET",
        path: url.pathname,
        headers: { ...headers, host: url.host },
      },
      (answer) =>
        resolve(
          new Response(Readable.toWeb(answer) as ReadableStream, {
            status: answer.statusCode ?? 0,
            headers: answer.headers as Record<string, string>,
          }),
        ),
    );
    outgoing.once("error", reject);
    outgoing.end(init.body as string | undefined);
  });
};

const client = (url: string, apiKey = key) => new OpenAI({ baseURL: url, apiKey, fetch: toBalancer, maxRetries: 0 });

describe("OpenAI's own client", () => {
  it("lists the model, and reads a whole and a streamed chat answer", async () => {
    const openai = client(agent.url);
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(["Laguna"]);
    const ask = { model: "Laguna", messages: [{ role: "user" as const, content: "Reverse a string." }] };
    const whole = await openai.chat.completions.create(ask);
    expect(whole.choices[0]?.message.content).not.toBe("");
    let streamed = "";
    for await (const chunk of await openai.chat.completions.create({ ...ask, stream: true }))
      streamed += chunk.choices[0]?.delta.content ?? "";
    expect(streamed).toBe(whole.choices[0]?.message.content);
  });

  it("reads a completion model", async () => {
    const answer = await client(completion.url).completions.create({ model: "Point", prompt: "def reverse(s):" });
    expect(answer.choices[0]?.text).not.toBe("");
  });

  it("is refused with a wrong key, and with a model that is not loaded", async () => {
    await expect(client(agent.url, "wrong").models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const asking = client(agent.url).chat.completions.create({ model: "Nobody", messages: [] });
    await expect(asking).rejects.toBeInstanceOf(OpenAI.APIError);
  });
});
