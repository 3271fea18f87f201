/** A JSON Schema of 2020-12 as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema that remembers the TypeScript type of what it accepts. */
export interface Schema<T> {
  readonly json: JsonSchema;
  /** Only carries the type. */
  readonly sample?: T;
}

/** The type that a schema accepts, once overlays are resolved (null removes, so it is gone by then). */
export type TypeOf<S> = S extends Schema<infer T> ? T : never;

/** What every key says of itself. */
export interface Said {
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly default?: unknown;
}

/** Every key of a layer may be null: an overlay removes with it. */
function nullable(type: string, said: Said, rules: JsonSchema = {}): JsonSchema {
  return { type: [type, "null"], ...rules, ...said };
}

/** Text; `pattern` where the field has a rule. */
export function text(
  said: Said,
  rules: { readonly pattern?: string; readonly maxLength?: number } = {},
): Schema<string> {
  return { json: nullable("string", said, rules) };
}

/** One of a closed set. */
export function choice<const V extends readonly (string | boolean)[]>(values: V, said: Said): Schema<V[number]> {
  return { json: { enum: [...values, null], ...said } };
}

export function flag(said: Said): Schema<boolean> {
  return { json: nullable("boolean", said) };
}

export function integer(minimum: number, maximum: number, said: Said): Schema<number> {
  return { json: nullable("integer", said, { minimum, maximum }) };
}

/** `90s`, `60m`, `24h`, `14d` or `1h30m`. */
export function duration(said: Said): Schema<string> {
  return text(said, { pattern: "^([0-9]+(ms|s|m|h|d))+$" });
}

/** `16MiB`. */
export function bytes(said: Said): Schema<string> {
  return text(said, { pattern: "^[0-9]+ ?(B|KiB|MiB|GiB|TiB)?$" });
}

export function list(said: Said): Schema<readonly string[]> {
  return { json: nullable("array", said, { items: { type: "string" } }) };
}

/** A map of free keys to text. */
export function textMap(said: Said): Schema<Readonly<Record<string, string>>> {
  return { json: nullable("object", said, { additionalProperties: { type: ["string", "null"] } }) };
}

/** Free data: chart values. */
export function free(said: Said): Schema<Readonly<Record<string, unknown>>> {
  return { json: nullable("object", said) };
}

type Keys = Readonly<Record<string, Schema<unknown>>>;
type Filled<K extends Keys> = { readonly [N in keyof K]?: TypeOf<K[N]> };

/** A map of known keys, none of them required: a layer may say a part. */
export function section<const K extends Keys>(said: Said, keys: K): Schema<Filled<K>> {
  return { json: { ...nullable("object", said), properties: jsonOf(keys), additionalProperties: false } };
}

/** A map of free names (`names` is their pattern) to maps of known keys. */
export function named<T>(names: string, said: Said, item: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return {
    json: { ...nullable("object", said), propertyNames: { pattern: names }, additionalProperties: item.json },
  };
}

/** Either a plain name, or the section. */
export function nameOr<T>(inner: Schema<T>): Schema<string | T> {
  return { json: { ...inner.json, type: ["string", "object", "null"] } };
}

export function jsonOf(keys: Keys): JsonSchema {
  return Object.fromEntries(Object.entries(keys).map(([name, schema]) => [name, schema.json]));
}
