import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorText, MalformedAnswer, parseAnswer, parseChunk, requestOf } from "../../../src/smoke/answer.ts";

const chat = (message: object, more: object = {}) =>
  JSON.stringify({
    object: "chat.completion",
    model: "Laguna",
    choices: [{ message, finish_reason: "stop" }],
    ...more,
  });

describe("parseAnswer", () => {
  it("reads text, reasoning of either name, finish and tokens", () => {
    expect(parseAnswer(chat({ content: "a", reasoning: "b" }, { usage: { completion_tokens: 2 } }), "agent")).toEqual({
      model: "Laguna",
      text: "a",
      reasoning: "b",
      finish: "stop",
      tokens: 2,
    });
    expect(parseAnswer(chat({ content: null, reasoning_content: "b" }), "agent")).toMatchObject({
      text: "",
      reasoning: "b",
    });
    const completion = JSON.stringify({ object: "text_completion", model: "Point", choices: [{ text: "x" }] });
    expect(parseAnswer(completion, "completion")).toMatchObject({ text: "x", finish: undefined, tokens: undefined });
  });

  it.each([
    ["no JSON", "<html>", /no JSON: "<html>"/],
    ["an error in a 200", '{"error":{"message":"engine died"}}', /engine died/],
    ["another object", '{"object":"list"}', /object is "list", not "chat\.completion"/],
    ["no choices", '{"object":"chat.completion","choices":[]}', /no choices/],
    ["a choice that is none", '{"object":"chat.completion","choices":[1]}', /choices\[0\] is no object/],
    ["no message", '{"object":"chat.completion","choices":[{}]}', /choices\[0\]\.message is no object/],
  ])("refuses %s", (_, body, message) => {
    expect(() => parseAnswer(body, "agent")).toThrow(MalformedAnswer);
    expect(() => parseAnswer(body, "agent")).toThrow(message);
  });

  it("throws nothing but MalformedAnswer, whatever comes", () => {
    const text = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(text, fc.constantFrom("agent", "completion" as const), (body, type) => {
        for (const parse of [parseAnswer, parseChunk]) {
          try {
            parse(body, type);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(MalformedAnswer);
          }
        }
      }),
    );
  });
});

describe("parseChunk", () => {
  it("takes chunks with a role only, with usage only, and with empty text", () => {
    const chunk = (rest: object) =>
      parseChunk(JSON.stringify({ object: "chat.completion.chunk", model: "Laguna", ...rest }), "agent");
    expect(chunk({ choices: [{ delta: { role: "assistant", content: "" } }] })).toMatchObject({
      text: "",
      error: undefined,
    });
    expect(chunk({ choices: [], usage: { completion_tokens: 7 } })).toMatchObject({ tokens: 7 });
    expect(chunk({ choices: [{ finish_reason: "stop" }] })).toMatchObject({ text: "", finish: "stop" });
  });

  it.each([
    ["an object", { message: "died" }, "died"],
    ["a text", "died", "died"],
    ["neither", { code: 1 }, '{"code":1}'],
  ])("tells an error that is %s", (_, error, text) => {
    expect(parseChunk(JSON.stringify({ error }), "agent").error).toBe(text);
  });

  it("tells an error that is the object itself", () => {
    const told = JSON.stringify({ object: "error", message: "KV cache is full", type: "BadRequestError", code: 400 });
    expect(parseChunk(told, "completion").error).toBe("KV cache is full");
    expect(() => parseAnswer(told, "agent")).toThrow("it holds an error: KV cache is full");
  });
});

describe("errorText", () => {
  it.each([
    ['{"error":"Unauthorized"}', "Unauthorized"],
    ['{"error":{"message":"no such model"}}', "no such model"],
    ['{"message":"plain"}', "plain"],
    ["Bad Gateway", "Bad Gateway"],
    ["x".repeat(500), "x".repeat(200)],
    [JSON.stringify({ error: { message: "x".repeat(500) } }), "x".repeat(200)],
    ['{"detail":"Not Found"}', "Not Found"],
    ["<html>\r\n  <b>502</b>\u0007\n", "<html> <b>502</b>"],
  ])("of %j", (body, text) => {
    expect(errorText(body)).toBe(text);
  });
});

describe("requestOf", () => {
  it("asks chat models with thinking off, completion models with a prompt, streams with usage", () => {
    expect(requestOf("Laguna", "agent_small", "hi", { stream: true, maxTokens: 4 })).toMatchObject({
      messages: [{ role: "user", content: "hi" }],
      chat_template_kwargs: { enable_thinking: false },
      stream_options: { include_usage: true },
      max_tokens: 4,
      temperature: 0,
    });
    expect(requestOf("Point", "completion", "hi", { stream: false, maxTokens: 4 })).toEqual({
      model: "Point",
      prompt: "hi",
      max_tokens: 4,
      temperature: 0,
      stream: false,
    });
  });
});
