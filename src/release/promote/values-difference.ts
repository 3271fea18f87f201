import { parseDocument } from "yaml";
import type { Difference } from "../../record/difference.ts";

/** Fields in which two values files differ, by path. Pure. */
export function valuesDifferences(before: string, after: string): readonly Difference[] {
  const [old, fresh] = [before, after].map((text) => fieldsOf(parseDocument(text, { version: "1.1" }).toJS(), ""));
  const paths = [...new Set([...old!.keys(), ...fresh!.keys()])].sort();
  return paths.flatMap((what) => {
    const [from, to] = [old!.get(what), fresh!.get(what)];
    return from === to ? [] : [{ what, from, to }];
  });
}

/** Leaves by their path: `models.point.gpus`, `tolerations[0].key`. */
function fieldsOf(value: unknown, path: string): Map<string, string> {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0)
    return new Map([[path, typeof value === "string" ? value : JSON.stringify(value)]]);
  const entries = Object.entries(value).flatMap(([key, item]) => [
    ...fieldsOf(item, Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`),
  ]);
  return new Map(entries);
}
