import { createHash } from "node:crypto";

/** What JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** JSON with sorted keys and no space: equal values give equal text. Keys whose value is `undefined` are left out. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const map = value as { readonly [key: string]: Json | undefined };
    const keys = Object.keys(map).filter((key) => map[key] !== undefined);
    return `{${keys
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(map[key]!)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 in lower-case hex, without a prefix. */
export function sha256(data: string | NodeJS.ArrayBufferView): string {
  return createHash("sha256").update(data).digest("hex");
}

/** SHA-256 of the canonical JSON of `value`. */
export function digestOf(value: Json): string {
  return sha256(canonicalJson(value));
}
