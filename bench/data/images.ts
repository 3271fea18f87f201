import { createHash } from "node:crypto";
import { blobOf } from "../../sandbox/sample/image.ts";
import { noisePieces, TarFile } from "./writer.ts";

/** A layer by what it is made from: the same seed and size give the same layer. */
export interface Layer {
  readonly seed: string;
  readonly size: number;
}

/** Writes an OCI archive of one image, with layers of bytes that cannot be compressed. */
export function writeImage(path: string, tag: string, layers: readonly Layer[]): void {
  const tar = new TarFile(path);
  tar.add("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
  tar.folder("blobs");
  tar.folder("blobs/sha256");
  const described = layers.map(({ seed, size }) => {
    const hash = createHash("sha256");
    let digest = "";
    tar.stream(size, hashed(noisePieces(seed, size), hash), () => {
      digest = hash.digest("hex");
      return `blobs/sha256/${digest}`;
    });
    return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${digest}`, size };
  });
  const small = (value: unknown) => {
    const blob = blobOf(Buffer.from(JSON.stringify(value)));
    tar.add(`blobs/sha256/${blob.digest.slice(7)}`, blob.content);
    return { digest: blob.digest, size: blob.content.length };
  };
  const config = small({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: described.map(({ digest }) => digest) },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = small({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: described,
  });
  const annotations = { "org.opencontainers.image.ref.name": tag };
  const index = { schemaVersion: 2, manifests: [{ mediaType, ...manifest, annotations }] };
  tar.add("index.json", Buffer.from(JSON.stringify(index)));
  tar.close();
}

function* hashed(pieces: Iterable<Buffer>, hash: { update(bytes: Buffer): unknown }): Generator<Buffer> {
  for (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
