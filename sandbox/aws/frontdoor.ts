import type { Call } from "../http.ts";
import type { Credential, Principals } from "./principals.ts";
import { protocols } from "./protocol.ts";
import { type Refusal, refusal } from "./refusals.ts";
import type { AwsError } from "./service.ts";
import {
  equalSignatures,
  expectedSignature,
  readSignature,
  type Signature,
  SignatureProblem,
  sha256,
} from "./sigv4.ts";

/** What the front door judges signatures by. */
export interface FrontDoor {
  readonly principals: Principals;
  /** Regions whose services stand here. */
  readonly regions: readonly string[];
  /** The services' time; presigned requests and sessions expire by it. */
  now(): number;
  /** The times that a caller's clock may rightly show; a signature must lie within 15 minutes of one of them. */
  clocks(): readonly number[];
}

const maximumSkew = 15 * 60 * 1000;

/** Reads a request's signature. An `AwsError` in the words of `fallback` (the service that the request seems to be for) when it is malformed. */
export function signatureOf(call: Call, fallback: string): Signature | AwsError | undefined {
  try {
    return readSignature(partsOf(call));
  } catch (thrown) {
    if (thrown instanceof SignatureProblem) return refusal(fallback, { why: "malformed", text: thrown.message });
    throw thrown;
  }
}

/** The credential behind a signature that holds, else the refusal. Consumes the body of everything but S3. */
export async function admit(door: FrontDoor, call: Call, signature: Signature): Promise<Credential | Refusal> {
  const parts = partsOf(call);
  const refused = time(door, signature) ?? region(door, signature);
  const credential = door.principals.find(signature.accessKeyId);
  if (!credential) return { why: "unknown-key", accessKeyId: signature.accessKeyId };
  if (refused) return refused;
  const unsigned = unsignedHeaders(call, signature);
  if (unsigned.length > 0) return { why: "unsigned-headers", names: unsigned };
  const payload = await payloadHash(call, signature);
  if (payload === undefined) return { why: "payload" };
  const expected = expectedSignature(parts, signature, payload, credential.secretAccessKey);
  if (!equalSignatures(expected, signature.value)) return { why: "wrong-signature" };
  if (signature.token !== credential.sessionToken) return { why: "wrong-token" };
  if (credential.expiresAt !== undefined && credential.expiresAt <= door.now()) return { why: "expired-token" };
  return credential;
}

function time(door: FrontDoor, signature: Signature): Refusal | undefined {
  const { stamp, expires } = signature;
  if (expires !== undefined) {
    const now = door.now();
    if (signature.time > now + maximumSkew) return { why: "skewed", stamp, now, early: true };
    return now > signature.time + expires * 1000 ? { why: "expired-url", stamp, expires, now } : undefined;
  }
  const clocks = door.clocks();
  if (clocks.some((clock) => Math.abs(signature.time - clock) <= maximumSkew)) return undefined;
  const [now = door.now()] = clocks;
  return { why: "skewed", stamp, now, early: signature.time > now };
}

function region(door: FrontDoor, signature: Signature): Refusal | undefined {
  const known = protocols[signature.service];
  const [home = ""] = door.regions;
  const expected = known?.global ? [globalRegion(home)] : door.regions;
  if (expected.includes(signature.region)) return undefined;
  return { why: "wrong-region", given: signature.region, expected: expected[0] ?? "" };
}

/** Region that the global services of a region's partition sign for. */
function globalRegion(region: string): string {
  if (region.startsWith("cn-")) return "cn-north-1";
  if (region.startsWith("us-gov-")) return "us-gov-west-1";
  if (region.startsWith("eusc-")) return region;
  return "us-east-1";
}

/** Headers that a signature must cover and does not: `host`, and every `x-amz-*`. */
function unsignedHeaders(call: Call, signature: Signature): readonly string[] {
  const needed = ["host", ...Object.keys(call.headers).filter((name) => name.startsWith("x-amz-"))];
  return needed.filter((name) => !signature.signedHeaders.includes(name));
}

/** Hash that entered the signature; undefined when the header contradicts the body. */
async function payloadHash(call: Call, signature: Signature): Promise<string | undefined> {
  const header = call.headers["x-amz-content-sha256"];
  const given = Array.isArray(header) ? header[0] : header;
  if (signature.service === "s3") return given ?? "UNSIGNED-PAYLOAD";
  const computed = sha256(await call.body());
  return given === undefined || given === computed || given === "UNSIGNED-PAYLOAD" ? (given ?? computed) : undefined;
}

function partsOf(call: Call) {
  return { method: call.method, target: call.request.url ?? "/", headers: call.headers };
}
