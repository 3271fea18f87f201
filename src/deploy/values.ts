import { readFile } from "node:fs/promises";
import { parseDocument } from "yaml";
import { digestOf, type Json } from "../canonical.ts";
import { UserError } from "../errors.ts";

/** The values file as helm will read it. */
export interface ReadValues {
  readonly path: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Digest of the data: comments and layout do not count. */
  readonly digest: string;
  /** Keys of `models`. */
  readonly models: readonly string[];
  /** Where each model's checkpoint lies, as far as that is S3, by key. */
  readonly prefixes: Readonly<Record<string, string>>;
}

/** Reads a values file by YAML 1.1, as helm does. What is no map is `DEPLOY_VALUES_UNREADABLE`. */
export async function readValues(path: string): Promise<ReadValues> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw unreadable(path, "it is not there", cause);
  });
  return valuesIn(text, path);
}

/** The values in a text that was read from `path`. */
export function valuesIn(text: string, path: string): ReadValues {
  const document = parseDocument(text, { version: "1.1", merge: true });
  const [error] = document.errors;
  if (error) throw unreadable(path, error.message.split("\n")[0] ?? "", error);
  const data: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  if (typeof data !== "object" || Array.isArray(data)) throw unreadable(path, "it is no map");
  const values = data as Readonly<Record<string, unknown>>;
  const models = mapAt(values, "models");
  const prefixes = Object.keys(models).flatMap((key) => {
    const place = mapAt(models, key)["model"];
    return typeof place === "string" && place.startsWith("s3://") ? [[key, place.replace(/\/+$/, "")] as const] : [];
  });
  const digest = digestOf(values as Json);
  return { path, data: values, digest, models: Object.keys(models), prefixes: Object.fromEntries(prefixes) };
}

function mapAt(values: Readonly<Record<string, unknown>>, key: string): Readonly<Record<string, unknown>> {
  const value = values[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function unreadable(path: string, what: string, cause?: unknown): UserError {
  return new UserError("DEPLOY_VALUES_UNREADABLE", {
    happened: `The values file ${path} cannot be read: ${what}.`,
    next: "Run render-values before this step, or give the path of its file as values-file.",
    cause,
  });
}
