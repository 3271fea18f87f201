import type { Generation } from "./requests.ts";
import { tokensIn } from "./requests.ts";

/** What the model says, token by token. */
export interface Tokens {
  readonly reasoning: readonly string[];
  readonly content: readonly string[];
  readonly finish: "stop" | "length";
}

const code = ["def", " reverse", "(text", "):", "\n   ", " return", " text", "[", "::-1", "]", "\n"];
const words = ["I", " am", " a", " small", " deterministic", " model", "."];
const thoughts = ["The", " user", " wants", " a", " short", " answer", "."];

/** The same request gives the same answer; a question about code gets code. */
export function answerTo({ prompt, maxTokens, thinking }: Generation): Tokens {
  const asked = /function|code|def |reverse/i.test(prompt);
  const said = [...(thinking === "leaks" ? ["</think>\n\n"] : []), ...(asked ? code : words)];
  const reasoning = thinking === "yes" ? thoughts : [];
  const content = said.slice(0, Math.max(0, maxTokens - reasoning.length));
  return {
    reasoning: reasoning.slice(0, maxTokens),
    content,
    finish: reasoning.length + said.length > maxTokens ? "length" : "stop",
  };
}

export function usageOf({ prompt }: Generation, { reasoning, content }: Tokens): Readonly<Record<string, number>> {
  const [asked, said] = [tokensIn(prompt), reasoning.length + content.length];
  return { prompt_tokens: asked, total_tokens: asked + said, completion_tokens: said };
}
