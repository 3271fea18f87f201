import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { recordSchema } from "./schema.ts";

let compiled: ValidateFunction | undefined;

/** What breaks the schema, as `path: complaint`; empty for a record. */
export function recordProblems(value: unknown): readonly string[] {
  compiled ??= new Ajv2020({ allErrors: true, strict: true, formats: { "date-time": isTime } }).compile(recordSchema());
  if (compiled(value)) return [];
  return (compiled.errors ?? []).map(({ instancePath, message }) => `${instancePath || "/"}: ${message ?? "is wrong"}`);
}

function isTime(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}
