import { createHash, randomInt } from "node:crypto";

/** The API's alphabet for generated names: no vowels, no look-alikes. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Five characters, as `generateName` appends them. */
export function randomSuffix(length = 5): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** A short stable hash in the same alphabet: `pod-template-hash`. */
export function stableHash(value: unknown, length = 9): string {
  const digest = createHash("sha256").update(JSON.stringify(value)).digest();
  return Array.from({ length }, (_, index) => alphabet[(digest[index] ?? 0) % alphabet.length]).join("");
}
