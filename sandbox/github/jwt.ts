import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

/** Claims of a token; times in seconds since the epoch. */
export type Claims = Readonly<Record<string, unknown>>;

/** An OIDC issuer: one RSA key, tokens signed by it. */
export class Issuer {
  /** `https://...`, no slash at its end. */
  readonly url: string;
  readonly keyId: string;
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;

  constructor(url: string, privateKey?: string) {
    this.url = url;
    this.privateKey = privateKey
      ? createPrivateKey(privateKey)
      : generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    this.publicKey = createPublicKey(this.privateKey);
    this.keyId = createHash("sha256")
      .update(this.publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
  }

  /** The private key, PEM: for another server that shall sign as this issuer. */
  signingKey(): string {
    return this.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** A signed token (RS256). `iss` is added. */
  mint(claims: Claims): string {
    const head = encode({ alg: "RS256", typ: "JWT", kid: this.keyId });
    const body = encode({ iss: this.url, ...claims });
    return `${head}.${body}.${sign("sha256", Buffer.from(`${head}.${body}`), this.privateKey).toString("base64url")}`;
  }

  /** Whether the token's signature is this issuer's; its claims are not looked at. */
  signed(token: string): boolean {
    const [head = "", body = "", signature = ""] = token.split(".");
    const header = decode(head);
    if (header?.["alg"] !== "RS256" || header["kid"] !== this.keyId) return false;
    return verify("sha256", Buffer.from(`${head}.${body}`), this.publicKey, Buffer.from(signature, "base64url"));
  }

  /** The document at `<issuer>/keys`. */
  jwks(): unknown {
    return { keys: [{ ...this.publicKey.export({ format: "jwk" }), kid: this.keyId, use: "sig", alg: "RS256" }] };
  }

  discovery(): unknown {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/keys`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    };
  }
}

/** Claims of a token, unverified; undefined when it is no token. */
export function claimsOf(token: string): Claims | undefined {
  const parts = token.split(".");
  return parts.length === 3 ? decode(parts[1] ?? "") : undefined;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return value !== null && typeof value === "object" ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
