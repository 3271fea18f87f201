import { UserError } from "../errors.ts";
import { isMap } from "./model.ts";

/** Comment lines by dotted path of the key that they stand above. */
export type Comments = ReadonlyMap<string, readonly string[]>;

/**
 * Data as YAML that helm 3 and 4 (YAML 1.1 with their own corners) read back exactly: what could be read as anything but itself is quoted, and
 * no line is folded. Equal data give equal bytes. A lone surrogate, which no YAML can say, is `VALUES_NOT_TEXT`.
 */
export function emitYaml(values: Readonly<Record<string, unknown>>, comments: Comments = new Map()): string {
  const lines: string[] = [];
  emitMap(values, "", "", comments, lines);
  return `${lines.join("\n")}\n`;
}

function emitMap(
  map: Readonly<Record<string, unknown>>,
  indent: string,
  path: string,
  comments: Comments,
  lines: string[],
): void {
  for (const [key, value] of Object.entries(map)) {
    if (value === undefined) continue;
    const here = path === "" ? key : `${path}.${key}`;
    const above = comments.get(here);
    if (above && path === "" && lines.length > 0) lines.push("");
    for (const line of above ?? []) lines.push(`${indent}# ${line}`);
    emitEntry(keyText(key), value, indent, here, comments, lines);
  }
}

function emitEntry(
  key: string,
  value: unknown,
  indent: string,
  path: string,
  comments: Comments,
  lines: string[],
): void {
  // YAML allows 1,024 characters between the start of a plain key and its colon; a longer one is written as an explicit key.
  const head = key.length > 1_000 ? `${indent}? ${key}\n${indent}:` : `${indent}${key}:`;
  if (isMap(value) && Object.keys(value).length > 0) {
    lines.push(head);
    emitMap(value, `${indent}  `, path, comments, lines);
  } else if (Array.isArray(value) && value.length > 0) {
    lines.push(head);
    emitList(value, `${indent}  `, lines);
  } else lines.push(`${head} ${scalar(value)}`);
}

/** Items in flow style within a list: short, and exact without rules about indentation. */
function emitList(items: readonly unknown[], indent: string, lines: string[]): void {
  for (const item of items) lines.push(`${indent}- ${flow(item)}`);
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (!isMap(value)) return scalar(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries.map(([key, item]) => `${key.length > 1_000 ? "? " : ""}${keyText(key)}: ${flow(item)}`).join(", ")}}`;
}

function scalar(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return isPlain(value) ? value : quoted(value);
  return Array.isArray(value) ? "[]" : "{}";
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw notText(`the number ${value}`);
  return Object.is(value, -0) ? "0" : String(value);
}

function keyText(key: string): string {
  return isPlain(key) ? key : quoted(key);
}

/** Words that some version of YAML, or helm, takes for something else than text. */
const words = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$/i;

/** Begins with a letter, holds nothing that is syntax anywhere, and is no word of YAML: every reader takes it for itself. */
function isPlain(text: string): boolean {
  return text.length <= 1_000 && /^[A-Za-z](?:[A-Za-z0-9_./@+-]|:(?![\s]|$)|=(?!$))*$/.test(text) && !words.test(text);
}

/** Control, line-separating, invisible and direction-changing characters are escaped: what a reader of the file sees is what is there. */
function quoted(text: string): string {
  if (!text.isWellFormed()) throw notText(JSON.stringify(text));
  return `"${text.replaceAll(/[^ !#-[\]-~\u00a1-\u1fff\u2070-\ud7ff\ue000-\ufefe\uff00-\uffef\u{10000}-\u{10fffd}]/gu, escaped)}"`;
}

const short: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const known = short[character];
  if (known) return known;
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

function notText(what: string): UserError {
  return new UserError("VALUES_NOT_TEXT", {
    happened: `The values hold ${what}, which YAML cannot say.`,
    next: "Replace it in the spec or in the input values.",
  });
}
