import { createHash } from "node:crypto";
import { type Entry, tarOf } from "./tar.ts";

/** A blob of an OCI layout. */
export interface Blob {
  readonly digest: string;
  readonly content: Buffer;
}

export function blobOf(content: Buffer): Blob {
  return { digest: `sha256:${createHash("sha256").update(content).digest("hex")}`, content };
}

/** A layer: one tar with one file. */
export function layerOf(path: string, content: Buffer): Blob {
  return blobOf(tarOf([{ path, content }]));
}

/** An OCI archive (image layout in a tar) of one image for linux/amd64, with the tag as its reference name. */
export function ociArchive(
  tag: string,
  layers: readonly Blob[],
  labels: Readonly<Record<string, string>> = {},
): Buffer {
  const config = json({
    architecture: "amd64",
    os: "linux",
    config: { Labels: labels, Entrypoint: ["/server"], User: "10003" },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: config.digest,
      size: config.content.length,
    },
    layers: layers.map((layer) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: layer.digest,
      size: layer.content.length,
    })),
  });
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: manifest.digest,
        size: manifest.content.length,
        annotations: { "org.opencontainers.image.ref.name": tag },
      },
    ],
  };
  const blobs = new Map([...layers, config, manifest].map((blob) => [blob.digest, blob]));
  const entries: Entry[] = [
    { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { path: "index.json", content: Buffer.from(JSON.stringify(index)) },
    { path: "blobs" },
    { path: "blobs/sha256" },
    ...[...blobs.values()].map((blob) => ({ path: `blobs/sha256/${blob.digest.slice(7)}`, content: blob.content })),
  ];
  return tarOf(entries);
}

function json(value: unknown): Blob {
  return blobOf(Buffer.from(JSON.stringify(value)));
}
