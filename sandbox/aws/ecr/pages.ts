import type { JsonInput } from "../json.ts";
import { constraint, invalid } from "./validate.ts";

/** One page of a listing: `maxResults` (1 to 1000; 100), `nextToken`. */
export function page<T>(input: JsonInput, all: readonly T[]): { items: readonly T[]; nextToken: string | undefined } {
  const limit = input["maxResults"] ?? 100;
  if (typeof limit !== "number" || limit < 1 || limit > 1000)
    throw constraint("maxResults", "must be between 1 and 1000");
  const token = input["nextToken"];
  const start = token === undefined ? 0 : Number(Buffer.from(String(token), "base64").toString());
  if (!Number.isInteger(start)) throw invalid("Invalid parameter at 'nextToken'");
  const end = start + limit;
  return {
    items: all.slice(start, end),
    nextToken: end < all.length ? Buffer.from(String(end)).toString("base64") : undefined,
  };
}
