import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAnswer } from "../../../src/smoke/answer.ts";
import { EventReader } from "../../../src/smoke/events.ts";
import { StreamVerdict } from "../../../src/smoke/stream.ts";
import type { ModelType } from "../../../src/smoke/target.ts";

const head = { id: "x", created: 1_764_000_000, model: "Laguna" };
const chunk = (choice: object | undefined, more: object = {}) =>
  `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: choice ? [{ index: 0, ...choice }] : [], ...more })}\n\n`;
const done = "data: [DONE]\n\n";

/** What servers send for a short chat answer, each in its own manner. */
const chats: Readonly<Record<string, string>> = {
  "vLLM, with usage at the end": [
    chunk({ delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }),
    chunk({ delta: { content: "Hello" }, logprobs: null, finish_reason: null }),
    chunk({ delta: { content: "" }, logprobs: null, finish_reason: "stop", stop_reason: null }),
    chunk(undefined, { usage: { prompt_tokens: 9, total_tokens: 11, completion_tokens: 2 } }),
    done,
  ].join(""),
  "vLLM, thinking until its tokens are used up": [
    chunk({ delta: { role: "assistant", content: "" }, finish_reason: null }),
    chunk({ delta: { reasoning: "The user" }, finish_reason: null }),
    chunk({ delta: { reasoning: " wants" }, finish_reason: "length" }),
    done,
  ].join(""),
  "SGLang, with null contents and reasoning_content": [
    chunk({ delta: { role: "assistant", content: null, reasoning_content: null, tool_calls: null } }),
    chunk({ delta: { role: null, content: null, reasoning_content: "Hm", tool_calls: null }, matched_stop: null }),
    chunk({ delta: { role: null, content: "Hi", tool_calls: null }, finish_reason: null }, { usage: null }),
    chunk({ delta: { content: null }, finish_reason: "stop", matched_stop: 2 }),
    chunk(undefined, { usage: { completion_tokens: 2, prompt_tokens_details: null } }),
    done,
  ].join(""),
  "llama.cpp, with timings in its chunks": [
    chunk({ delta: { role: "assistant", content: null }, finish_reason: null }),
    chunk({ delta: { content: "Hi" }, finish_reason: null }, { timings: { predicted_ms: 4.2 } }),
    chunk({ delta: {}, finish_reason: "length" }, { usage: { completion_tokens: 1 }, timings: {} }),
    done,
  ].join(""),
  "TGI, without a space after the colon, and a last chunk without a blank": [
    `data:${chunk({ delta: { role: "assistant", content: "Hi" }, logprobs: null, finish_reason: null }).slice(6)}`,
    `data:${chunk({ delta: { role: "assistant", content: "" }, finish_reason: "eos_token" }).slice(6)}`,
    done,
  ].join(""),
  "LiteLLM, CRLF, pings as comments and as events without data": [
    ": OPENROUTER PROCESSING\r\n\r\n",
    "event: ping\r\n\r\n",
    chunk({ delta: { provider_specific_fields: null, content: "Hi", role: "assistant" } }).replaceAll("\n", "\r\n"),
    chunk({ delta: {}, finish_reason: "stop" }).replaceAll("\n", "\r\n"),
    "data: [DONE]\r\n\r\n",
  ].join(""),
  "a server with lone CR, a BOM, ids and retries": [
    "\ufeffid: 1\rretry: 1000\r",
    chunk({ delta: { content: "“Hé” 😀" } }).replaceAll("\n", "\r"),
    chunk({ delta: {}, finish_reason: "stop" }).replaceAll("\n", "\r"),
    "data: [DONE]\r\r",
  ].join(""),
};

const broken: readonly (readonly [string, string, RegExp])[] = [
  [
    "an error object after the 200",
    `${chunk({ delta: { content: "Hi" } })}data: {"error":{"message":"EngineCore died","code":500}}\n\n${done}`,
    /EngineCore died/,
  ],
  ["an error as a string", 'event: error\ndata: {"error":"overloaded","error_type":"x"}\n\n', /overloaded/],
  ["an error that is the object", 'data: {"object":"error","message":"out of memory"}\n\n', /out of memory/],
  ["plain text instead of JSON", "data: Internal Server Error\n\n", /no JSON/],
  ["an event with empty data, on which clients break", `data:\n\n${done}`, /no JSON/],
  ["HTML of a proxy", "<html><body>504</body></html>\n\n", /holds no text/],
  [
    "choices that are none",
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [null] })}\n\n`,
    /no object/,
  ],
  ["another model's answer", chunk({ delta: { content: "Hi" } }).replace("Laguna", "Point"), /Point answered/],
  ["an end without a reason", chunk({ delta: { content: "Hi" } }) + done, /without a finish_reason/],
];

function complaint(bytes: Uint8Array, cuts: readonly number[], type: ModelType = "agent"): string | undefined {
  const reader = new EventReader();
  const verdict = new StreamVerdict(type, "Laguna");
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  for (const [index, from] of edges.slice(0, -1).entries())
    for (const event of reader.push(bytes.subarray(from, edges[index + 1]))) verdict.take(event, index);
  for (const event of reader.end()) verdict.take(event, edges.length);
  return verdict.complaint();
}

describe("transcripts of streams", () => {
  it.each(Object.entries(chats))("are whole, wherever they are cut: %s", (_, text) => {
    const bytes = new TextEncoder().encode(text);
    const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (at) => {
        expect(complaint(bytes, at)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 16 }), (length) => {
        expect(complaint(bytes.subarray(0, length), [])).toBeDefined();
      }),
    );
  });

  it.each(broken)("are told for what they are: %s", (_, text, expected) => {
    const bytes = new TextEncoder().encode(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (at) => {
        expect(complaint(bytes, at)).toMatch(expected);
      }),
    );
  });

  it("never throw, whatever comes (property)", () => {
    const json = fc.json().map((text) => `data: ${text}\n\n`);
    const noise = fc.array(fc.oneof(json, fc.string(), fc.constant(done), fc.constantFrom(...Object.values(chats))));
    fc.assert(fc.property(noise, (parts) => void complaint(new TextEncoder().encode(parts.join("")), [])));
  });
});

describe("whole answers", () => {
  const answer = (message: object, finish = "stop") =>
    JSON.stringify({ ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: finish }] });

  it.each([
    ["content", { role: "assistant", content: "Hi" }, "Hi", ""],
    ["null content and reasoning", { content: null, reasoning: "Hm", tool_calls: [] }, "", "Hm"],
    ["null content and reasoning_content", { content: null, reasoning_content: "Hm" }, "", "Hm"],
    [
      "null reasoning beside reasoning_content",
      { content: "Hi", reasoning: null, reasoning_content: "Hm" },
      "Hi",
      "Hm",
    ],
  ])("with %s", (_, message, text, reasoning) => {
    expect(parseAnswer(answer(message), "agent")).toMatchObject({ text, reasoning });
  });

  it("never throw anything but what they are told by (property)", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom<ModelType>("agent", "completion"), (body, type) => {
        try {
          parseAnswer(body, type);
        } catch (thrown) {
          expect((thrown as Error).name).toBe("MalformedAnswer");
        }
      }),
    );
  });
});
