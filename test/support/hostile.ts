import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import type { StepResult } from "../../sandbox/runner/step.ts";

/** Commands for GitHub's runner in all its spellings, line breaks of every kind, delimiters of outputs, and markup that would call home. */
export const hostileText = [
  "hostile words",
  "::set-output name=revision::666",
  "  ::add-mask::sandbox",
  "::stop-commands::quiet",
  "said ##[error]it",
  "##[##[group]in a group",
  "before\r::error::after",
  "before\u2028::warning title=TRUST_ME::after",
  "\u001b[2J\u001b]0;title\u0007\u0000::debug::hidden",
  "ghadelimiter_1",
  "EOF",
  "report<<EOF",
  "<img src=https://hostile.example.com/x> ![x](https://hostile.example.com/x)",
  "| a | table |",
  "```",
  "hostile words ##[add-mask]sandbox",
].join("\n");

/** A person can read the hostile text in the log: it came as far as that. */
export function arrived(result: StepResult): boolean {
  return [...result.log, ...result.annotations.map(({ message }) => message)].some((line) =>
    line.includes("hostile words"),
  );
}

/** What of a step's output the runner would have obeyed, or shown as something else than text. Empty: nothing. */
export function obeyed(action: string, result: StepResult): readonly string[] {
  const found: string[] = [];
  const own = new Set(["add-mask", "debug", "group", "endgroup", "warning", "error", "notice"]);
  for (const line of result.raw.split(/\r\n|[\n\r\u2028\u2029\u0085]/)) {
    const command = /^\s*::([^ :]*)/.exec(line)?.[1];
    if (command !== undefined && !own.has(command)) found.push(line);
    if (line.includes("##[")) found.push(line);
  }
  if (/[\u0000-\u0008\u000e-\u001a\u007f]|\u001b(?!\[[0-9;]*m)/.test(result.raw)) found.push("a control character");
  for (const { properties, level } of result.annotations)
    if (!/title=[A-Z][A-Z0-9_]+$/.test(properties) || /TRUST_ME/.test(properties)) found.push(`${level} ${properties}`);
  const known = outputsOf(action);
  for (const name of Object.keys(result.outputs)) if (!known.has(name)) found.push(`output ${name}`);
  for (const name of Object.keys(result.state))
    if (!/^(eks-deploy-(started|ended)|[a-zA-Z.-]+)$/.test(name)) found.push(`state ${name}`);
  if (/<img|[^\\]!\[x\]/.test(withoutCode(result.summary))) found.push("an image in the summary");
  return found;
}

/** Fenced code is shown as it is. */
function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^(`{3,})\w*\n[\s\S]*?\n\1$/gm, "");
}

function outputsOf(action: string): ReadonlySet<string> {
  const file = resolve(import.meta.dirname, "../../actions", action, "action.yml");
  const { outputs } = parse(readFileSync(join(file), "utf8")) as { outputs: Readonly<Record<string, unknown>> };
  return new Set(Object.keys(outputs));
}
