import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ModelTrouble } from "../../../sandbox/models/troubles.ts";
import { agent, completion, findings, type Models, named, startModels } from "./support.ts";

let models: Models;
beforeAll(async () => {
  models = await startModels();
});
afterEach(() => {
  models.troubles.clear();
  models.routed = () => undefined;
  expect(models.defects).toEqual([]);
});
afterAll(() => models.close());

const quick = { samples: 1, patience: { silence: 300, total: 600 } };

describe("a stream", () => {
  it.each<[string, ModelTrouble, RegExp]>([
    ["that is cut after some tokens", { kind: "cut", after: 4 }, /^the connection broke in mid-answer$/],
    ["that is cut before the first token", { kind: "cut", after: 1 }, /^the connection broke in mid-answer$/],
    ["that falls silent", { kind: "stall", after: 5 }, /^no answer: nothing came for 0\.3 s$/],
    [
      "with an error after the 200, in spite of [DONE]",
      { kind: "error", after: 3 },
      /reports an error after its 200: EngineCore encountered an issue/,
    ],
    ["with an error and a clean end", { kind: "error", after: 3, done: false }, /reports an error after its 200/],
    ["without [DONE]", { kind: "no-done" }, /^the stream ended without \[DONE\]$/],
    ["that pings for ever", { kind: "endless" }, /^the stream has no end: more than 1 MiB came$/],
    ["that drips for ever", { kind: "slow", firstToken: 0, token: 120 }, /^no end after 0\.6 s$/],
  ])("%s fails the model", async (_, trouble, seen) => {
    models.suffer(trouble);
    const result = await models.smoke(agent, quick);
    expect(result.verdict).toBe("fail");
    expect(named(result, "stream")).toMatchObject({
      result: "fail",
      code: "SMOKE_STREAM",
      seen: expect.stringMatching(seen),
    });
  });

  it("without a token fails the model, and so does such an answer", async () => {
    models.suffer({ kind: "empty" });
    expect(findings(await models.smoke(agent, quick))).toEqual(["answer: SMOKE_ANSWER: the answer is empty"]);
  });

  it("that is answered with JSON instead fails the model", async () => {
    raw(async (write) => void (await write('{"object":"chat.completion"}')), "application/json");
    expect(named(await models.smoke(agent, quick), "stream")).toMatchObject({
      result: "fail",
      seen: "a stream was asked for, and application/json came",
    });
  });
});

/** Sends streams by hand; everything else is answered by the model server. */
function raw(
  send: (write: (part: string | Buffer) => Promise<void>) => Promise<void>,
  type = "text/event-stream",
): void {
  models.routed = () => async (call) => {
    const body = (await call.body()).toString();
    if (!body.includes('"stream":true')) return answered(call.path, body);
    const { response } = call;
    response.writeHead(200, { "content-type": type });
    response.flushHeaders();
    await send(async (part) => {
      response.write(part);
      await setImmediate();
    });
    if (!response.destroyed) response.end();
    return undefined;
  };
}

/** What a healthy completion server says to all that is no stream. */
function answered(path: string, body: string) {
  const known = !body.includes("no-such-model");
  if (path === "/health") return { status: 200 };
  if (path === "/v1/models") return { status: 200, body: '{"data":[{"id":"Point"},{"id":"Laguna"}]}' };
  if (path === "/v1/completions")
    return known
      ? {
          status: 200,
          body: '{"object":"text_completion","model":"Point","choices":[{"text":"x","finish_reason":"stop"}]}',
        }
      : { status: 404, body: '{"error":"no"}' };
  if (path === "/v1/chat/completions")
    return known
      ? {
          status: 200,
          body: '{"object":"chat.completion","model":"Laguna","choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}',
        }
      : { status: 404, body: '{"error":"no"}' };
  return { status: 404 };
}

const chunk = (text: string, finish: string | null = null) =>
  JSON.stringify({ object: "text_completion", model: "Point", choices: [{ index: 0, text, finish_reason: finish }] });

/** A whole stream with all that the standard allows: comments, CRLF, no space, characters of several bytes. */
const whole = Buffer.from(
  `: ping\r\n\r\ndata: ${chunk("sträng 😀")}\r\n\r\ndata:${chunk("“umgekehrt”")}\n\nevent: x\ndata: ${chunk("", "stop")}\n\n: ping\n\ndata: [DONE]\n\n`,
);

describe("a stream, by property", () => {
  const settings = { ...quick, expectAuth: false };

  it("passes however it is split into packets", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 12 }),
        async (cuts) => {
          const edges = [0, ...cuts.sort((a, b) => a - b), whole.length];
          raw(async (write) => {
            for (const [index, from] of edges.slice(0, -1).entries())
              await write(whole.subarray(from, edges[index + 1]));
          });
          expect(findings(await models.smoke(completion, settings))).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("fails wherever its connection is cut, and wherever it ends cleanly before [DONE]", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 2 }), fc.boolean(), async (length, clean) => {
        models.routed = () => async (call) => {
          const body = (await call.body()).toString();
          if (!body.includes('"stream":true')) return answered(call.path, body);
          call.response.writeHead(200, { "content-type": "text/event-stream" });
          call.response.write(whole.subarray(0, length));
          await setImmediate();
          if (clean) call.response.end();
          else call.request.socket.destroy();
          return undefined;
        };
        expect(named(await models.smoke(completion, { ...settings, deadline: 0 }), "stream")).toMatchObject({
          result: "fail",
        });
      }),
      { numRuns: 40 },
    );
  });
});
