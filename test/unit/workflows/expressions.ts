import { data, Evaluator, Lexer, Parser } from "@actions/expressions";

/** How the jobs that a job needs ended; what GitHub's status functions tell. */
export type Status = "success" | "failure" | "cancelled";

const contexts = [
  "github",
  "inputs",
  "needs",
  "steps",
  "env",
  "secrets",
  "vars",
  "matrix",
  "job",
  "jobs",
  "runner",
  "strategy",
];
const statusFunctions = ["success", "failure", "cancelled", "always"] as const;

function toData(value: unknown): data.ExpressionData {
  return JSON.parse(JSON.stringify(value), data.reviver) as data.ExpressionData;
}

/** Evaluates one expression (without `${{ }}`) as GitHub does; JSON comes back for objects and lists. */
export function evaluate(
  source: string,
  context: Readonly<Record<string, unknown>>,
  status: Status = "success",
): unknown {
  const functions = statusFunctions.map((name) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(name === "always" || name === status),
  }));
  const tree = new Parser(new Lexer(source).lex().tokens, contexts, functions).parse();
  const root = new data.Dictionary(...Object.entries(context).map(([key, value]) => ({ key, value: toData(value) })));
  const result = new Evaluator(tree, root, new Map(functions.map((one) => [one.name, one]))).evaluate();
  if (result.kind === data.Kind.Array || result.kind === data.Kind.Dictionary)
    return JSON.parse(JSON.stringify(result, data.replacer));
  return (result as { value?: unknown }).value ?? null;
}

const expression = /\$\{\{(.*?)\}\}/gs;

/** A whole value of a workflow: text with expressions in it, or one expression that keeps its type. */
export function interpolate(
  text: unknown,
  context: Readonly<Record<string, unknown>>,
  status: Status = "success",
): unknown {
  if (typeof text !== "string") return text;
  const whole = /^\$\{\{((?:(?!\}\}).)*)\}\}$/s.exec(text.trim());
  if (whole) return evaluate(whole[1]!, context, status);
  return text.replace(expression, (_, source: string) => {
    const value = evaluate(source, context, status);
    return value === null ? "" : String(value);
  });
}

/** Whether an `if:` lets a job or step run. Without a status function GitHub puts `success() &&` before it. */
export function runs(
  condition: string | undefined,
  context: Readonly<Record<string, unknown>>,
  status: Status = "success",
): boolean {
  const source = (condition ?? "").trim().replace(/^\$\{\{([\s\S]*)\}\}$/, "$1") || "success()";
  const told = /\b(success|failure|cancelled|always)\(\)/.test(source);
  return Boolean(evaluate(told ? source : `success() && (${source})`, context, status));
}
