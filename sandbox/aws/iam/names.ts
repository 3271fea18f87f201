import type { Form } from "../form.ts";
import { AwsError } from "../service.ts";
import { members, type XmlValue } from "../xml.ts";

/** Refuses a name or path that IAM's model does not take. */
export function checkName(member: string, name: string, longest: number): void {
  if (name.length > longest) invalid(member, name, `Member must have length less than or equal to ${longest}`);
  if (!/^[\w+=,.@-]+$/.test(name))
    invalid(member, name, "Member must satisfy regular expression pattern: [\\w+=,.@-]+");
}

export function checkPath(path: string): void {
  if (path.length > 512 || !/^(\/|\/[!-~]+\/)$/.test(path))
    throw new AwsError(
      400,
      "ValidationError",
      "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    );
}

function invalid(member: string, value: string, rule: string): never {
  throw new AwsError(
    400,
    "ValidationError",
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${rule}`,
  );
}

/** Tags of a request over those that stand already; at most 50, keys unique without case. */
export function readTags(form: Form, standing: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const given = form.structures("Tags").map((tag) => [tag.get("Key") ?? "", tag.get("Value") ?? ""] as const);
  const keys = given.map(([key]) => key.toLowerCase());
  if (new Set(keys).size < keys.length)
    throw new AwsError(
      400,
      "InvalidInput",
      "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
  const tags = new Map(standing);
  for (const [key, value] of given) {
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key))
      invalid(
        "tags.1.member.key",
        key,
        "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
      );
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(value))
      invalid(
        "tags.1.member.value",
        value,
        "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*",
      );
    if (/^aws:/i.test(key))
      throw new AwsError(
        400,
        "InvalidInput",
        "One or more tags are not valid. Tag keys that begin with aws: are reserved.",
      );
    for (const old of tags.keys()) if (old.toLowerCase() === key.toLowerCase()) tags.delete(old);
    tags.set(key, value);
  }
  if (tags.size > 50) throw new AwsError(409, "LimitExceeded", "Cannot exceed quota for TagsPerResource: 50");
  return tags;
}

/** Tags as answers carry them; absent when there are none, as IAM does. */
export function shownTags(tags: ReadonlyMap<string, string>): XmlValue {
  return tags.size === 0 ? undefined : members([...tags].map(([Key, Value]) => ({ Key, Value })));
}

/** One page of a listing: `MaxItems` (100), `Marker`, `IsTruncated`. */
export function page<T>(form: Form, all: readonly T[], name: string, show: (item: T) => XmlValue): XmlValue {
  const limit = form.number("MaxItems") ?? 100;
  const start = Number(form.get("Marker") ?? 0);
  const end = start + limit;
  const truncated = end < all.length;
  return {
    [name]: members(all.slice(start, end).map(show)),
    IsTruncated: truncated,
    Marker: truncated ? String(end) : undefined,
  };
}
