import { Refusal } from "./refusals.ts";
import type { ModelSettings } from "./settings.ts";

/** A request for an answer, checked. */
export interface Generation {
  readonly form: "chat" | "completion";
  readonly prompt: string;
  readonly maxTokens: number;
  readonly stream: boolean;
  readonly usage: boolean;
  /** Whether the model thinks first; `leaks` where the request left it open and the template lets the end mark through. */
  readonly thinking: "yes" | "no" | "leaks";
  /** The first of the offered tools. */
  readonly tool: Tool | undefined;
}

export interface Tool {
  readonly name: string;
  readonly parameters: readonly string[];
}

/** Checks a body as vLLM does, in its order: JSON, the model's name (not with `anyName`), the prompt, the limits. */
export function generationOf(
  body: Buffer,
  form: "chat" | "completion",
  settings: ModelSettings,
  anyName = false,
): Generation {
  const value = parsed(body);
  const { model, max_tokens: asked, stream, stream_options: options } = value;
  if (!anyName && typeof model === "string" && model !== "" && model !== settings.name)
    throw Refusal.noSuchModel(model);
  const prompt = form === "chat" ? chatPrompt(value["messages"]) : value["prompt"];
  if (typeof prompt !== "string" || prompt === "")
    throw Refusal.badRequest(
      `[{'type': 'missing', 'loc': ('body', '${form === "chat" ? "messages" : "prompt"}'), 'msg': 'Field required'}]`,
      "Bad Request",
    );
  if (form === "chat" && settings.type === "completion")
    throw Refusal.badRequest(
      "As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template if the tokenizer does not define one.",
    );
  const tool = form === "chat" ? offeredTool(value) : undefined;
  if (tool && !settings.callsTools)
    throw Refusal.badRequest('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set');
  const tokens = tokensIn(prompt);
  const maxTokens = asked ?? (form === "completion" ? 16 : settings.maxLength - tokens);
  if (typeof maxTokens !== "number" || !Number.isInteger(maxTokens) || maxTokens < 1)
    throw Refusal.badRequest(`max_tokens must be at least 1, got ${String(asked)}.`);
  if (tokens + maxTokens > settings.maxLength)
    throw Refusal.badRequest(
      `This model's maximum context length is ${settings.maxLength} tokens. However, you requested ${maxTokens} output tokens and your prompt contains at least ${tokens} input tokens.`,
    );
  return {
    form,
    prompt,
    maxTokens,
    stream: stream === true,
    usage: isMap(options) && options["include_usage"] === true,
    tool,
    thinking: form === "chat" && settings.thinks ? thinkingOf(value["chat_template_kwargs"]) : "no",
  };
}

/** About four characters each. */
export function tokensIn(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (isMap(value)) return value;
  } catch {
    // Told below, with what is no map.
  }
  throw Refusal.badRequest("[{'type': 'json_invalid', 'loc': ('body', 0), 'msg': 'JSON decode error'}]", "Bad Request");
}

function chatPrompt(messages: unknown): unknown {
  if (!Array.isArray(messages)) return undefined;
  const last: unknown = messages.at(-1);
  return isMap(last) ? last["content"] : undefined;
}

function offeredTool({ tools, tool_choice: choice }: Readonly<Record<string, unknown>>): Tool | undefined {
  const first: unknown = Array.isArray(tools) && choice !== "none" ? tools[0] : undefined;
  const offered = isMap(first) ? first["function"] : undefined;
  if (!isMap(offered)) return undefined;
  const properties = isMap(offered["parameters"]) ? offered["parameters"]["properties"] : undefined;
  return { name: String(offered["name"]), parameters: isMap(properties) ? Object.keys(properties) : [] };
}

function thinkingOf(kwargs: unknown): Generation["thinking"] {
  const wanted = isMap(kwargs) ? kwargs["enable_thinking"] : undefined;
  if (wanted === undefined) return "leaks";
  return wanted === true ? "yes" : "no";
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
