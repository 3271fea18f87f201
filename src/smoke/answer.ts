import type { ModelType } from "./target.ts";

/** What a model said, by the OpenAI API's form. */
export interface Answer {
  /** The model that the server names in its answer; llama.cpp answers a wrong name with its own model, so the name counts. */
  readonly model: string;
  readonly text: string;
  /** What a thinking model thought: `reasoning` (vLLM) or `reasoning_content`. */
  readonly reasoning: string;
  readonly finish: string | undefined;
  readonly tokens: number | undefined;
}

/** An answer that breaks the form; `message` says how. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** The request of a probe: small, deterministic, and not thinking where that can be chosen. */
export function requestOf(
  model: string,
  type: ModelType,
  prompt: string,
  options: { readonly stream: boolean; readonly maxTokens: number },
): unknown {
  const common = {
    model,
    max_tokens: options.maxTokens,
    temperature: 0,
    stream: options.stream,
    ...(options.stream ? { stream_options: { include_usage: true } } : {}),
  };
  if (type === "completion") return { ...common, prompt };
  return { ...common, messages: [{ role: "user", content: prompt }], chat_template_kwargs: { enable_thinking: false } };
}

/** Path below `/v1` that a model type answers at. */
export function pathOf(type: ModelType): string {
  return type === "completion" ? "/v1/completions" : "/v1/chat/completions";
}

/** Reads a whole (not streamed) answer; throws `MalformedAnswer`. */
export function parseAnswer(body: string, type: ModelType): Answer {
  const value = object(json(body), "the answer");
  const error = errorIn(value);
  if (error) throw new MalformedAnswer(`it holds an error: ${messageOf(error)}`);
  const expected = type === "completion" ? "text_completion" : "chat.completion";
  if (value["object"] !== expected)
    throw new MalformedAnswer(`object is ${quoted(JSON.stringify(value["object"]) ?? "absent")}, not "${expected}"`);
  const choice = firstChoice(value);
  const message = type === "completion" ? choice : object(choice["message"], "choices[0].message");
  return {
    model: text(value["model"]),
    text: text(type === "completion" ? message["text"] : message["content"]),
    reasoning: text(message["reasoning"] ?? message["reasoning_content"]),
    finish: typeof choice["finish_reason"] === "string" ? choice["finish_reason"] : undefined,
    tokens: tokensOf(value),
  };
}

/** One chunk of a streamed answer; `error` where the server reports one after its 200. */
export interface Chunk {
  readonly model: string;
  readonly text: string;
  readonly reasoning: string;
  readonly finish: string | undefined;
  readonly tokens: number | undefined;
  readonly error: string | undefined;
}

/** Reads the data of one event (not `[DONE]`); throws `MalformedAnswer`. Chunks without choices (usage) and with a role only are no text. */
export function parseChunk(data: string, type: ModelType): Chunk {
  const value = object(json(data), "a chunk");
  const error = errorIn(value);
  if (error)
    return { model: "", text: "", reasoning: "", finish: undefined, tokens: undefined, error: messageOf(error) };
  const expected = type === "completion" ? "text_completion" : "chat.completion.chunk";
  if (value["object"] !== expected)
    throw new MalformedAnswer(
      `a chunk's object is ${quoted(JSON.stringify(value["object"]) ?? "absent")}, not "${expected}"`,
    );
  const choices = Array.isArray(value["choices"]) ? value["choices"] : [];
  const choice = choices.length > 0 ? object(choices[0], "choices[0]") : {};
  const delta = type === "completion" ? choice : object(choice["delta"] ?? {}, "choices[0].delta");
  return {
    model: text(value["model"]),
    text: text(type === "completion" ? delta["text"] : delta["content"]),
    reasoning: text(delta["reasoning"] ?? delta["reasoning_content"]),
    finish: typeof choice["finish_reason"] === "string" ? choice["finish_reason"] : undefined,
    tokens: tokensOf(value),
    error: undefined,
  };
}

/** Text of an error body, whatever its form: a string (vLLM's 401), `{message}`, `{detail}` (FastAPI's), or neither; cut. */
export function errorText(body: string): string {
  try {
    const value = JSON.parse(body) as { error?: unknown; message?: unknown; detail?: unknown };
    return messageOf(value.error ?? value.message ?? value.detail ?? body);
  } catch {
    return quoted(body);
  }
}

function messageOf(error: unknown): string {
  if (typeof error === "string") return quoted(error);
  if (typeof error === "object" && error !== null && "message" in error) return quoted(String(error.message));
  return quoted(JSON.stringify(error));
}

/** What a server says, fit for a report: one line, cut. */
export function quoted(text: string): string {
  return text
    .slice(0, 200)
    .replaceAll(/[\s\u0000-\u001f\u007f]+/g, " ")
    .trim();
}

/** The error that an object of the API is: under `error`, or as itself (`object: error`, as older servers have it). */
function errorIn(value: Readonly<Record<string, unknown>>): unknown {
  return value["error"] || (value["object"] === "error" ? value : undefined);
}

function firstChoice(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!Array.isArray(value["choices"]) || value["choices"].length === 0) throw new MalformedAnswer("it has no choices");
  return object(value["choices"][0], "choices[0]");
}

function tokensOf(value: Readonly<Record<string, unknown>>): number | undefined {
  const usage = value["usage"];
  const tokens =
    typeof usage === "object" && usage !== null ? (usage as Record<string, unknown>)["completion_tokens"] : undefined;
  return typeof tokens === "number" ? tokens : undefined;
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new MalformedAnswer(`it is no JSON: ${JSON.stringify(body.slice(0, 120))}`);
  }
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MalformedAnswer(`${what} is no object`);
  return value as Record<string, unknown>;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
