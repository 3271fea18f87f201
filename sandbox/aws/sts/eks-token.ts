import type { Principals } from "../principals.ts";
import type { Caller } from "../service.ts";
import { equalSignatures, expectedSignature, readSignature, SignatureProblem, sha256 } from "../sigv4.ts";

/** What the cluster's authenticator needs to judge a token. */
export interface TokenJudge {
  readonly principals: Principals;
  readonly clusterName: string;
  readonly region: string;
  now(): number;
}

const lifetime = 15 * 60 * 1000;
const nothing = sha256("");

/** What a token's signature ought to be, by all that enters it: every request to a cluster carries the same token for minutes. */
const signatures = new Map<string, string>();

/**
 * Whom a `k8s-aws-v1.` bearer token stands for; a text says why the authenticator refuses it.
 * Rules: aws-iam-authenticator's verifier: a presigned GET of the region's STS, only `host` and `x-k8s-aws-id` signed
 * (any other signed header is fatal), at most 15 minutes old whatever `X-Amz-Expires` says.
 */
export function judgeEksToken(judge: TokenJudge, token: string): Caller | string {
  const prefix = "k8s-aws-v1.";
  if (!token.startsWith(prefix)) return `token is missing expected "${prefix}" prefix`;
  const encoded = token.slice(prefix.length);
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return "token is not unpadded base64url";
  let url: URL;
  try {
    url = new URL(Buffer.from(encoded, "base64url").toString("utf8"));
  } catch {
    return "token holds no URL";
  }
  if (url.pathname !== "/") return "unexpected path in pre-signed URL";
  const allowed = [
    "Action",
    "Version",
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-User-Agent",
  ];
  for (const name of url.searchParams.keys())
    if (!allowed.some((known) => known.toLowerCase() === name.toLowerCase()))
      return `non-whitelisted query parameter "${name}"`;
  if (url.searchParams.get("Action") !== "GetCallerIdentity") return "unexpected action parameter in pre-signed URL";
  return judgeUrl(judge, url);
}

function judgeUrl(judge: TokenJudge, url: URL): Caller | string {
  const headers = { host: url.host, "x-k8s-aws-id": judge.clusterName };
  const parts = { method: "GET", target: `${url.pathname}${url.search}`, headers };
  try {
    const signature = readSignature(parts);
    if (signature?.form !== "presigned") return "token is not a pre-signed URL";
    const signed = [...signature.signedHeaders].sort().join(";");
    if (signed !== "host;x-k8s-aws-id") return `signed headers are ${signed}, expected host;x-k8s-aws-id`;
    if (signature.service !== "sts" || signature.region !== judge.region)
      return "token is not signed for the region's STS";
    const now = judge.now();
    if (signature.time > now + lifetime) return "X-Amz-Date parameter is in the future";
    if (now > signature.time + lifetime) return "X-Amz-Date parameter is expired (older than 15 minutes)";
    const credential = judge.principals.find(signature.accessKeyId);
    if (!credential) return "InvalidClientTokenId";
    const { secretAccessKey } = credential;
    const name = [secretAccessKey, judge.clusterName, url.href].join(" ");
    const expected = signatures.get(name) ?? expectedSignature(parts, signature, nothing, secretAccessKey);
    if (signatures.size >= 1_000) signatures.clear();
    signatures.set(name, expected);
    if (!equalSignatures(expected, signature.value)) return "SignatureDoesNotMatch";
    if (signature.token !== credential.sessionToken) return "InvalidClientTokenId";
    if (credential.expiresAt !== undefined && credential.expiresAt <= now) return "ExpiredToken";
    return credential.caller;
  } catch (thrown) {
    if (thrown instanceof SignatureProblem) return thrown.message;
    throw thrown;
  }
}
