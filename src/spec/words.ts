const words: Readonly<Record<string, string>> = {
  string: "text",
  object: "a map",
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
};

/** The types of a JSON Schema in words; null, which only removes, is not told. */
export function typeWords(type: unknown): string {
  const names = [type].flat().filter((name) => name !== "null");
  return names.map((name) => words[String(name)] ?? String(name)).join(" or ");
}
