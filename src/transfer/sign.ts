import { createHash, createHmac, createSecretKey, type Hash, type Hmac, type KeyObject } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { CredentialProvider } from "../aws/credentials.ts";
import type { Clock } from "../retry.ts";

/** The payload hash that leaves the body out of the signature; TLS and the checksum of the part protect it then. */
export const unsignedPayload = "UNSIGNED-PAYLOAD";

/** The same, where the body's checksum comes behind it. */
export const trailingPayload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

export interface Signable {
  readonly method: string;
  /** Absolute, percent-encoded. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Hex SHA-256 of the body, or one of the words above. */
  readonly payload: string;
}

export interface Signer {
  /** The headers with which the request is to be sent. */
  sign(request: Signable): Promise<Readonly<Record<string, string>>>;
  /** Learns the server's time (milliseconds since the epoch). Gives whether that changes anything, so that signing again may help. */
  learnTime(server: number): boolean;
}

/** A clock is corrected only when it is off by more than this; S3 accepts 15 minutes. */
const tolerated = 60_000;

/** Signs requests to S3 (Signature Version 4, by the SDK's own signer); credentials are asked for anew at each, so they may renew themselves. */
export function s3Signer(region: string, credentials: CredentialProvider, clock: Pick<Clock, "now">): Signer {
  const signer = new SignatureV4({
    service: "s3",
    region,
    credentials,
    sha256: Sha256,
    uriEscapePath: false,
    applyChecksum: false,
  });
  let skew = 0;
  return {
    async sign({ method, url, headers, payload }) {
      const { protocol, hostname, port, host, pathname, searchParams } = new URL(url);
      const { headers: signed } = await signer.sign(
        {
          method,
          protocol,
          hostname,
          ...(port ? { port: Number(port) } : {}),
          path: pathname,
          query: Object.fromEntries(searchParams),
          headers: { ...headers, host, "x-amz-content-sha256": payload },
        },
        { signingDate: new Date(clock.now() + skew) },
      );
      return signed;
    },
    learnTime(server) {
      const found = server - clock.now();
      if (Math.abs(found - skew) < tolerated) return false;
      skew = found;
      return true;
    },
  };
}

/** Node's SHA-256 in the form that the signer wants. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash("sha256") : createHmac("sha256", keyOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  reset(): void {}
}

/** The key of the secret that was used last, and of those that the signer keeps by itself: to make one takes longer than to sign with it. */
let last: { readonly secret: string; readonly key: KeyObject } | undefined;
const derived = new WeakMap<ArrayBuffer | ArrayBufferView, KeyObject>();

function keyOf(secret: string | ArrayBuffer | ArrayBufferView): KeyObject {
  if (typeof secret !== "string") {
    const key = derived.get(secret) ?? createSecretKey(bytesOf(secret));
    derived.set(secret, key);
    return key;
  }
  if (last?.secret !== secret) last = { secret, key: createSecretKey(bytesOf(secret)) };
  return last.key;
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
