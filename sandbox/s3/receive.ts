import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Trailers, unchunked } from "./aws-chunked.ts";
import { type Algorithm, digester } from "./checksums/algorithms.ts";
import { type Claims, headerOf, validValue } from "./claims.ts";
import { Bytes, type Content, Discarded } from "./content.ts";
import { refused, S3Error } from "./errors.ts";

/** A body that arrived whole and is what its sender said. */
export interface Received {
  readonly content: Content;
  readonly etag: string;
  /** Base64, of the algorithm that was asked for. */
  readonly checksum: string;
}

export interface ReceiveOptions {
  /** Computed over the bytes: what the sender claims, else what S3 adds by itself. */
  readonly algorithm: Algorithm;
  readonly limit: number;
  /** Keep no bytes. */
  readonly discard: boolean;
  /** Encrypted with KMS: the ETag is no digest of the bytes. */
  readonly opaqueEtag: boolean;
}

/** Takes a body in and holds it against its claims; throws the refusal of the first that does not hold. */
export async function receive(request: IncomingMessage, claims: Claims, options: ReceiveOptions): Promise<Received> {
  if (claims.size > options.limit) throw refused.tooLarge(claims.size, options.limit);
  const md5 = options.opaqueEtag && !claims.md5 ? undefined : createHash("md5");
  const sha256 = claims.sha256 === undefined ? undefined : createHash("sha256");
  const checksum = digester(options.algorithm);
  const trailers: Trailers = new Map();
  const chunks: Buffer[] = [];
  let size = 0;
  // A refusal in mid-body must still reach the sender: the stream is not destroyed with the loop.
  const body: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of claims.chunked ? unchunked(body, trailers) : body) {
    size += chunk.length;
    if (size > claims.size) throw refused.incompleteBody();
    md5?.update(chunk);
    sha256?.update(chunk);
    checksum.update(chunk);
    if (!options.discard) chunks.push(chunk);
  }
  if (size !== claims.size) throw refused.incompleteBody();
  const computed = checksum.digest().toString("base64");
  const hash = sha256?.digest("hex");
  if (hash !== claims.sha256)
    throw new S3Error(
      400,
      "XAmzContentSHA256Mismatch",
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      { ClientComputedContentSHA256: claims.sha256, S3ComputedContentSHA256: hash },
    );
  const digest = md5?.digest();
  if (claims.md5 && digest && !claims.md5.equals(digest))
    throw new S3Error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.", {
      ExpectedDigest: claims.md5.toString("base64"),
      CalculatedDigest: digest.toString("base64"),
    });
  if (claims.checksum && (claims.checksum.value ?? trailing(claims.checksum.algorithm, trailers)) !== computed)
    throw refused.badDigest(claims.checksum.algorithm);
  return {
    content: options.discard ? new Discarded(size) : new Bytes(chunks),
    etag: options.opaqueEtag || !digest ? randomBytes(16).toString("hex") : digest.toString("hex"),
    checksum: computed,
  };
}

function trailing(algorithm: Algorithm, trailers: Trailers): string {
  const value = trailers.get(headerOf(algorithm));
  if (value === undefined || trailers.size > 1)
    throw new S3Error(
      400,
      "MalformedTrailerError",
      "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    );
  return validValue(algorithm, value);
}
