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

interface Keys {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function keysOf(privateKey: KeyObject): Keys {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: "spki", format: "der" });
  return { id: createHash("sha256").update(der).digest("base64url"), privateKey, publicKey };
}

/** An OIDC issuer: one RSA key, tokens signed by it. */
export class Issuer {
  /** `https://...`, no slash at its end. */
  readonly url: string;
  private readonly given: string | undefined;
  private made: Keys | undefined;

  constructor(url: string, privateKey?: string) {
    this.url = url;
    this.given = privateKey;
  }

  /** Made when they are first needed: a key takes a tenth of a second, and most worlds sign nothing with it. */
  private get keys(): Keys {
    this.made ??= keysOf(
      this.given ? createPrivateKey(this.given) : generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    );
    return this.made;
  }

  get keyId(): string {
    return this.keys.id;
  }

  /** The private key, PEM: for another server that shall sign as this issuer. */
  signingKey(): string {
    return this.keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** A signed token (RS256). `iss` is added. */
  mint(claims: Claims): string {
    const head = encode({ alg: "RS256", typ: "JWT", kid: this.keyId });
    const body = encode({ iss: this.url, ...claims });
    return `${head}.${body}.${sign("sha256", Buffer.from(`${head}.${body}`), this.keys.privateKey).toString("base64url")}`;
  }

  /** Whether the token's signature is this issuer's; its claims are not looked at. */
  signed(token: string): boolean {
    const [head = "", body = "", signature = ""] = token.split(".");
    const header = decode(head);
    if (header?.["alg"] !== "RS256" || header["kid"] !== this.keyId) return false;
    return verify("sha256", Buffer.from(`${head}.${body}`), this.keys.publicKey, Buffer.from(signature, "base64url"));
  }

  /** The document at `<issuer>/keys`. */
  jwks(): unknown {
    return { keys: [{ ...this.keys.publicKey.export({ format: "jwk" }), kid: this.keyId, use: "sig", alg: "RS256" }] };
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
