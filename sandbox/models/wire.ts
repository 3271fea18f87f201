import type { Tokens } from "./answers.ts";
import { usageOf } from "./answers.ts";
import type { Generation, Tool } from "./requests.ts";

/** What all objects of one answer share. */
export interface Head {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
}

/** A whole answer. Without content a chat answer holds `null`, as vLLM has it. */
export function wholeAnswer(head: Head, generation: Generation, tokens: Tokens): unknown {
  const text = tokens.content.join("");
  const usage = usageOf(generation, tokens);
  const end = { logprobs: null, finish_reason: tokens.finish, stop_reason: null };
  if (generation.form === "completion")
    return { ...head, object: "text_completion", choices: [{ index: 0, text, ...end, prompt_logprobs: null }], usage };
  const message = {
    role: "assistant",
    content: text === "" ? null : text,
    refusal: null,
    tool_calls: [],
    reasoning: tokens.reasoning.length > 0 ? tokens.reasoning.join("") : null,
  };
  return { ...head, object: "chat.completion", choices: [{ index: 0, message, ...end }], usage };
}

/** An answer that calls the offered tool instead of saying something. */
export function toolAnswer(head: Head, generation: Generation, tool: Tool): unknown {
  const given = JSON.stringify(Object.fromEntries(tool.parameters.map((name) => [name, "Paris"])));
  const call = {
    id: `chatcmpl-tool-${head.id.slice(-32)}`,
    type: "function",
    function: { name: tool.name, arguments: given },
  };
  const message = { role: "assistant", content: null, refusal: null, tool_calls: [call], reasoning: null };
  const choice = { index: 0, message, logprobs: null, finish_reason: "tool_calls", stop_reason: null };
  const usage = usageOf(generation, { reasoning: [], content: [given], finish: "stop" });
  return { ...head, object: "chat.completion", choices: [choice], usage };
}

/** The data of every event of a streamed answer, `[DONE]` included: role, tokens (the last with the finish reason), usage where asked for. */
export function streamedAnswer(head: Head, generation: Generation, tokens: Tokens): readonly string[] {
  const chat = generation.form === "chat";
  const object = chat ? "chat.completion.chunk" : "text_completion";
  const chunk = (part: object, finish: string | null) => ({
    ...head,
    object,
    choices: [
      {
        index: 0,
        ...(chat ? { delta: part } : part),
        logprobs: null,
        finish_reason: finish,
        ...(finish ? { stop_reason: null } : {}),
      },
    ],
  });
  const parts = [
    ...tokens.reasoning.map((reasoning) => ({ reasoning })),
    ...tokens.content.map((text) => (chat ? { content: text } : { text })),
  ];
  const chunks: unknown[] = [
    ...(chat ? [chunk({ role: "assistant", content: "" }, null)] : []),
    ...parts.map((part, index) => chunk(part, index === parts.length - 1 ? tokens.finish : null)),
    ...(generation.usage ? [{ ...head, object, choices: [], usage: usageOf(generation, tokens) }] : []),
  ];
  return [...chunks.map((one) => JSON.stringify(one)), "[DONE]"];
}

/** What vLLM sends into a stream when its engine dies. */
export const engineError = JSON.stringify({
  error: {
    message: "EngineCore encountered an issue. See stack trace (above) for the root cause.",
    type: "InternalServerError",
    param: null,
    code: 500,
  },
});
