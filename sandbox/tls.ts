import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const day = 24 * 60 * 60 * 1000;

/** A certificate with its key, both PEM. */
export interface Leaf {
  readonly key: string;
  readonly cert: string;
  /** Expiry, milliseconds since the epoch. */
  readonly notAfter: number;
}

export interface LeafOptions {
  /** DNS names (wildcards too) and IP addresses; the first DNS name is the subject. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch; defaults: yesterday, in 90 days. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** A local certificate authority. Every call of `issue` makes a new key. */
export interface Authority {
  /** The root certificate, PEM: what clients trust. */
  readonly certificate: string;
  issue(options: LeafOptions): Promise<Leaf>;
}

/** Makes an authority of its own; two authorities do not trust each other. */
export async function createAuthority(name = "eks-deploy sandbox"): Promise<Authority> {
  const keys = await generate();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [name] }],
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${root.toString("pem")}\n`,
    issue: (options) => issue(root, keys.privateKey, options),
  };
}

async function issue(root: x509.X509Certificate, signer: webcrypto.CryptoKey, options: LeafOptions): Promise<Leaf> {
  const keys = await generate();
  const [common = "localhost"] = options.names.filter((name) => isIP(name) === 0);
  const notAfter = options.notAfter ?? Date.now() + 90 * day;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    // A common name holds at most 64 characters; clients read the alternative names.
    subject: [{ CN: [common.slice(0, 64)] }],
    issuer: root.subjectName,
    notBefore: new Date(options.notBefore ?? Math.min(Date.now(), notAfter) - day),
    notAfter: new Date(notAfter),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: signer,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        options.names.map((name) => ({ type: isIP(name) === 0 ? "dns" : "ip", value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { key: pem("PRIVATE KEY", pkcs8), cert: `${certificate.toString("pem")}\n`, notAfter };
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** A positive serial number of 16 bytes, hexadecimal. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
