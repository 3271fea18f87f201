import type { Context } from "../action/context.ts";
import { errorText } from "./answer.ts";
import type { Check } from "./check.ts";
import type { Place } from "./request.ts";
import type { SmokeSettings } from "./settings.ts";
import type { Target } from "./target.ts";
import { askPatiently } from "./wait.ts";

/** Tokens that a call of the tool may take. */
const callTokens = 96;

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
} as const;

/** Asks an agent model for something that it can only find out by calling the offered tool. */
export async function toolCheck(target: Target, place: Place, settings: SmokeSettings, ctx: Context): Promise<Check> {
  const body = {
    model: target.modelName,
    messages: [{ role: "user", content: "What is the weather in Paris now? Use the tool." }],
    tools: [weather],
    tool_choice: "auto",
    max_tokens: callTokens,
    temperature: 0,
    chat_template_kwargs: { enable_thinking: false },
  };
  const path = "/v1/chat/completions";
  const asked = await askPatiently(place, { method: "POST", path, key: settings.key, body }, ctx);
  const name = "tool call";
  if (asked.cause) {
    const { code, seen, remedy } = asked.cause;
    return { name, result: "fail", seen, remedy, code, milliseconds: 0 };
  }
  const { status, total, body: text } = asked.answer;
  const wrong = status === 200 ? complaint(text) : `answers ${status}: ${errorText(text)}`;
  if (!wrong) return { name, result: "pass", seen: "calls the offered tool", remedy: "", milliseconds: total };
  const remedy = "Check the model's tool arguments (--enable-auto-tool-choice and --tool-call-parser) in its values.";
  return { name, result: "fail", seen: wrong, remedy, code: "SMOKE_TOOLS", milliseconds: total };
}

/** What is wrong with the call that an answer holds; nothing when it names our tool with arguments that are JSON. */
function complaint(body: string): string | undefined {
  const call = firstCall(body);
  if (!call) return "the answer calls no tool";
  if (call.name !== weather.function.name)
    return `the answer calls ${JSON.stringify(call.name)}, which was not offered`;
  try {
    const given: unknown = JSON.parse(String(call.arguments));
    return typeof given === "object" && given !== null && "city" in given ? undefined : "the call lacks its argument";
  } catch {
    return "the call's arguments are no JSON";
  }
}

function firstCall(body: string): { readonly name?: unknown; readonly arguments?: unknown } | undefined {
  try {
    const answer = JSON.parse(body) as { choices?: { message?: { tool_calls?: { function?: object }[] } }[] };
    return answer.choices?.[0]?.message?.tool_calls?.[0]?.function;
  } catch {
    return undefined;
  }
}
