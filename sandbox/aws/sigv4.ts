import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** The signature of a request as its sender wrote it, in the Authorization header or in the query (presigned). */
export interface Signature {
  readonly form: "header" | "presigned";
  readonly accessKeyId: string;
  /** `20261124` of the credential scope. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly value: string;
  /** Time of signing, as sent (`20261124T054200Z`) and in milliseconds. */
  readonly stamp: string;
  readonly time: number;
  /** Lifetime in seconds; presigned only. */
  readonly expires?: number;
  readonly token?: string;
}

/** What of a request enters its signature. `target` is path and query as sent. */
export interface SignedParts {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** Why a signature cannot be read. `incomplete` names what is missing. */
export class SignatureProblem extends Error {}

const algorithm = "AWS4-HMAC-SHA256";

/** Finds and reads the signature; undefined for an unsigned request. Throws `SignatureProblem` on a malformed one. */
export function readSignature(parts: SignedParts): Signature | undefined {
  const query = queryPairs(parts.target);
  const inQuery = query.some(([name]) => name === "X-Amz-Signature");
  const { authorization } = parts.headers;
  if (authorization !== undefined && inQuery) throw new SignatureProblem("Only one auth mechanism allowed");
  if (authorization !== undefined) return fromHeader(authorization, parts.headers);
  return inQuery ? fromQuery(query) : undefined;
}

function fromHeader(authorization: string, headers: IncomingHttpHeaders): Signature {
  const match = /^(\S+)\s+(.*)$/s.exec(authorization.trim());
  if (match?.[1] !== algorithm) throw new SignatureProblem(`Unsupported authorization type: '${match?.[1] ?? ""}'`);
  const fields = new Map<string, string>();
  for (const field of (match[2] ?? "").split(",")) {
    const mark = field.indexOf("=");
    if (mark < 0) throw new SignatureProblem(`Authorization header field '${field.trim()}' has no value`);
    fields.set(field.slice(0, mark).trim(), field.slice(mark + 1).trim());
  }
  const value = (name: string) => {
    const found = fields.get(name);
    if (!found) throw new SignatureProblem(`Authorization header requires '${name}' parameter.`);
    return found;
  };
  const stamp = one(headers["x-amz-date"]);
  if (stamp === undefined)
    throw new SignatureProblem("Authorization header requires existence of 'X-Amz-Date' header.");
  const token = one(headers["x-amz-security-token"]);
  return {
    form: "header",
    ...scope(value("Credential"), stamp),
    signedHeaders: value("SignedHeaders").split(";"),
    value: value("Signature"),
    ...(token === undefined ? {} : { token }),
  };
}

function fromQuery(query: readonly (readonly [string, string])[]): Signature {
  const value = (name: string) => {
    const found = query.filter(([key]) => key === name);
    if (found.length !== 1 || !found[0]?.[1]) throw new SignatureProblem(`Query must have ${name} once`);
    return found[0][1];
  };
  if (value("X-Amz-Algorithm") !== algorithm)
    throw new SignatureProblem("X-Amz-Algorithm only supports AWS4-HMAC-SHA256");
  const expires = Number(value("X-Amz-Expires"));
  if (!Number.isInteger(expires) || expires < 0 || expires > 604_800)
    throw new SignatureProblem("X-Amz-Expires must be between 0 and 604800 seconds");
  const token = query.find(([key]) => key === "X-Amz-Security-Token")?.[1];
  return {
    form: "presigned",
    ...scope(value("X-Amz-Credential"), value("X-Amz-Date")),
    signedHeaders: value("X-Amz-SignedHeaders").split(";"),
    value: value("X-Amz-Signature"),
    expires,
    ...(token === undefined ? {} : { token }),
  };
}

function scope(credential: string, stamp: string) {
  const [accessKeyId = "", day = "", region = "", service = "", end = "", ...rest] = credential.split("/");
  if (end !== "aws4_request" || rest.length > 0)
    throw new SignatureProblem("Credential must have the form <access-key>/<date>/<region>/<service>/aws4_request");
  const read = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (!read) throw new SignatureProblem(`Date must be in ISO-8601 'basic format'. Got '${stamp}'`);
  const [, year, month, date, hour, minute, second] = read;
  const time = Date.parse(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`);
  if (stamp.slice(0, 8) !== day)
    throw new SignatureProblem(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}' != '${stamp.slice(0, 8)}'`,
    );
  return { accessKeyId, day, region, service, stamp, time };
}

/**
 * The signature that `secret` gives, over the canonical request with `payload` (hash of the body, or `UNSIGNED-PAYLOAD`).
 * S3 encodes the path once and leaves it as it is; all others normalise it and encode it twice.
 * Source: "Create a signed AWS API request", IAM user guide.
 */
export function expectedSignature(parts: SignedParts, signature: Signature, payload: string, secret: string): string {
  const request = canonicalRequest(parts, signature, payload);
  const within = `${signature.day}/${signature.region}/${signature.service}/aws4_request`;
  const toSign = [algorithm, signature.stamp, within, sha256(request)].join("\n");
  return createHmac("sha256", signingKey(within, secret)).update(toSign).digest("hex");
}

const signingKeys = new Map<string, Buffer>();

/** The key of a scope: the same for all requests of a day, so it is kept, as senders keep it. */
function signingKey(within: string, secret: string): Buffer {
  const name = `${secret} ${within}`;
  const known = signingKeys.get(name);
  if (known) return known;
  const key = within
    .split("/")
    .reduce((previous, part) => createHmac("sha256", previous).update(part).digest(), Buffer.from(`AWS4${secret}`));
  // Sessions come and go.
  if (signingKeys.size >= 1_000) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

/** The canonical request, as the service would show it in `SignatureDoesNotMatch`. */
export function canonicalRequest(parts: SignedParts, signature: Signature, payload: string): string {
  const path = parts.target.split("?", 1)[0] || "/";
  const query = queryPairs(parts.target)
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`);
  const headers = signature.signedHeaders.map((name) => {
    const value = parts.headers[name];
    return `${name}:${(Array.isArray(value) ? value.join(",") : (value ?? "")).trim().replace(/ +/g, " ")}`;
  });
  return [
    parts.method,
    signature.service === "s3" ? encodePath(path) : encodePath(normalise(path), true),
    query.join("&"),
    ...headers,
    "",
    signature.signedHeaders.join(";"),
    payload,
  ].join("\n");
}

export function equalSignatures(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

export function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Name and value of each query parameter, percent-decoded; a `+` stays a `+`. */
export function queryPairs(target: string): readonly (readonly [string, string])[] {
  const mark = target.indexOf("?");
  if (mark < 0 || mark === target.length - 1) return [];
  return target
    .slice(mark + 1)
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=");
      return equals < 0 ? [decode(pair), ""] : [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
    });
}

function encodePath(path: string, twice = false): string {
  return path
    .split("/")
    .map((segment) => encode(twice ? encode(decode(segment)) : decode(segment)))
    .join("/");
}

function normalise(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  return `/${kept.join("/")}${kept.length > 0 && path.endsWith("/") ? "/" : ""}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SignatureProblem(`'${text}' is not percent-encoded UTF-8`);
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
