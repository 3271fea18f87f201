import { type Prefix, parsePrefix } from "./prefix.ts";

/** Every place of a bucket that a text names, without slashes at its end. */
export function placesIn(text: string, bucket: string): readonly string[] {
  const found = text.matchAll(/s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/[A-Za-z0-9!_.*'()/@:+=$-]*/g);
  return [...new Set([...found].filter(([, name]) => name === bucket).map(([uri]) => uri.replace(/\/+$/, "")))];
}

/** Whether a place reaches what lies below the prefix: it is the prefix, a folder of it, or a folder that holds it. */
export function reaches(uri: string, prefix: Prefix): boolean {
  const other = parsePrefix(uri);
  if (!other || other.bucket !== prefix.bucket) return false;
  return other.key.startsWith(prefix.key) || prefix.key.startsWith(other.key);
}
