import type { IncomingHttpHeaders } from "node:http";
import { NotBuilt } from "../aws/service.ts";
import { type Algorithm, algorithms, digestLengths } from "./checksums/algorithms.ts";
import { refused, S3Error } from "./errors.ts";

/** What a request says about its body, to be held against what arrives. */
export interface Claims {
  /** Bytes of the body proper; undefined when the request has none. */
  readonly size: number;
  /** Hexadecimal SHA-256 that was signed; undefined for the unsigned kinds. */
  readonly sha256: string | undefined;
  readonly md5: Buffer | undefined;
  /** The checksum of a header (value known), or announced for the trailer (value undefined). */
  readonly checksum: { readonly algorithm: Algorithm; readonly value: string | undefined } | undefined;
  /** The body is framed as aws-chunked. */
  readonly chunked: boolean;
  /** Nothing but the length of the body is signed. */
  readonly unsigned: boolean;
}

const others = ["sha512", "md5", "xxhash64", "xxhash3", "xxhash128"];

/** Reads and judges the claims of a request before its body is looked at. Codes: "Checking object integrity", S3 user guide. */
export function readClaims(headers: IncomingHttpHeaders): Claims {
  const payload = header(headers, "x-amz-content-sha256");
  if (payload === undefined && headers.authorization !== undefined)
    throw new S3Error(400, "MissingSecurityHeader", "Your request was missing a required header", {
      MissingHeaderName: "x-amz-content-sha256",
    });
  const chunked = payload?.startsWith("STREAMING-") ?? false;
  if (chunked && payload !== "STREAMING-UNSIGNED-PAYLOAD-TRAILER") throw new NotBuilt("s3", `payload ${payload}`);
  const hashed = payload !== undefined && /^[0-9a-f]{64}$/.test(payload);
  if (payload !== undefined && !chunked && !hashed && payload !== "UNSIGNED-PAYLOAD")
    throw refused.invalidArgument(
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD or a valid sha256 value.",
      "x-amz-content-sha256",
      payload,
    );
  return {
    size: sizeOf(headers, chunked),
    sha256: hashed ? payload : undefined,
    md5: md5Of(headers),
    checksum: checksumOf(headers, chunked),
    chunked,
    unsigned: !hashed,
  };
}

function sizeOf(headers: IncomingHttpHeaders, chunked: boolean): number {
  const text = header(headers, chunked ? "x-amz-decoded-content-length" : "content-length");
  if (text === undefined && !chunked && headers["transfer-encoding"] === undefined) return 0;
  if (text === undefined || !/^\d+$/.test(text))
    throw new S3Error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.");
  return Number(text);
}

function md5Of(headers: IncomingHttpHeaders): Buffer | undefined {
  const text = header(headers, "content-md5");
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== 16 || bytes.toString("base64") !== text)
    throw new S3Error(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", { "Content-MD5": text });
  return bytes;
}

function checksumOf(headers: IncomingHttpHeaders, chunked: boolean): Claims["checksum"] {
  for (const name of others)
    if (headers[`x-amz-checksum-${name}`] !== undefined) throw new NotBuilt("s3", `checksum ${name}`);
  const given = algorithms.filter((algorithm) => headers[headerOf(algorithm)] !== undefined);
  if (given.length > 1)
    throw refused.invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
  const [algorithm] = given;
  const trailer = header(headers, "x-amz-trailer");
  const announced = trailer === undefined ? undefined : algorithms.find((name) => headerOf(name) === trailer);
  if (trailer !== undefined && (!announced || !chunked || algorithm))
    throw refused.invalidRequest("The value specified in the x-amz-trailer header is not supported");
  const sdk = header(headers, "x-amz-sdk-checksum-algorithm");
  const found = algorithm ?? announced;
  if (sdk !== undefined && !found)
    throw refused.invalidRequest(
      "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
  if (sdk !== undefined && sdk !== found)
    throw refused.invalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
  if (!algorithm) return announced && { algorithm: announced, value: undefined };
  return { algorithm, value: validValue(algorithm, header(headers, headerOf(algorithm)) ?? "") };
}

/** The value as sent, when it has the form of the algorithm. */
export function validValue(algorithm: Algorithm, text: string): string {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== digestLengths[algorithm] || bytes.toString("base64") !== text)
    throw refused.invalidRequest(`Value for ${headerOf(algorithm)} header is invalid.`);
  return text;
}

export function headerOf(algorithm: Algorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}
