import { parseDocument } from "yaml";
import { InputProblem } from "./contract.ts";

/** Lists and maps as users write them: YAML (so JSON too) or `key=value` lines. Data from a spec or report passes as it is. */
export function structured(raw: unknown): unknown {
  if (typeof raw !== "string") return raw;
  const lines = raw
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length > 0 && lines.every((line) => /^[\w.-]+=/.test(line))) return fromLines(lines);
  const document = parseDocument(raw, { uniqueKeys: true, prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new InputProblem(`is neither YAML nor key=value lines: ${error.message.split("\n")[0]}`);
  return document.toJS({ maxAliasCount: 100 });
}

function fromLines(lines: readonly string[]): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const mark = line.indexOf("=");
    const key = line.slice(0, mark);
    if (key in map) throw new InputProblem(`has the key ${key} twice`);
    map[key] = line.slice(mark + 1).trim();
  }
  return { ...map };
}

/** A map of text to text. */
export function asTextMap(raw: unknown): Readonly<Record<string, string>> {
  const value = structured(raw) ?? {};
  if (typeof value !== "object" || Array.isArray(value))
    throw new InputProblem("must be a map (YAML, or key=value lines)");
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (item === null || typeof item === "object")
        throw new InputProblem(`must be a map of plain values; ${key} is not plain`);
      return [key, String(item)];
    }),
  );
}

/** A list of texts; a single line may separate them by commas. */
export function asTextList(raw: unknown): readonly string[] {
  if (typeof raw === "string" && !/[\n[{]/.test(raw) && !raw.trimStart().startsWith("- ")) {
    return raw
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== "");
  }
  const value = structured(raw) ?? [];
  if (!Array.isArray(value)) throw new InputProblem("must be a list (YAML, or separated by commas)");
  return value.map((item: unknown) => {
    if (item === null || typeof item === "object") throw new InputProblem("must be a list of plain values");
    return String(item);
  });
}
