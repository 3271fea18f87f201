import type { Output } from "./contract.ts";

/** Plain text. */
export function textOutput(description: string): Output<string> {
  return { type: "text", description };
}

/** One line of JSON. */
export function jsonOutput<T>(description: string): Output<T> {
  return { type: "json", description };
}

/** `true` or `false`. */
export function flagOutput(description: string): Output<boolean> {
  return { type: "flag", description };
}

/** A whole number; bytes where the name says so. */
export function integerOutput(description: string): Output<number> {
  return { type: "integer", description };
}

/** An output's value as GitHub takes it: text. */
export function outputText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
