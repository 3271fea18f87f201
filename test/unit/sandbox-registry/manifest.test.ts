import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RegistryError } from "../../../sandbox/registry/errors.ts";
import { isDigest, parseManifest } from "../../../sandbox/registry/manifest.ts";

const manifest = "application/vnd.oci.image.manifest.v1+json";
const index = "application/vnd.oci.image.index.v1+json";
const descriptor = { mediaType: "a/b", digest: `sha256:${"0".repeat(64)}`, size: 1 };
const read = (document: unknown, type = manifest) => parseManifest(Buffer.from(JSON.stringify(document)), type);

describe("parseManifest", () => {
  it("finds config and layers, and leaves foreign layers out", () => {
    const elsewhere = { ...descriptor, urls: ["https://example.com/layer"] };
    const foreign = { ...elsewhere, mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip" };
    const found = read({ schemaVersion: 2, config: descriptor, layers: [descriptor, foreign] });
    expect(found).toMatchObject({ blobs: [descriptor, descriptor], layers: 2, children: [] });
    // Any other layer must be there, wherever else it lies.
    const other = read({ schemaVersion: 2, config: descriptor, layers: [descriptor, elsewhere] });
    expect(other.blobs).toHaveLength(3);
  });

  it("takes the config's media type for an artifact's, unless one is named", () => {
    const document = { schemaVersion: 2, config: descriptor, layers: [] };
    expect(read(document).artifactType).toBe("a/b");
    expect(read({ ...document, artifactType: "text/x" }).artifactType).toBe("text/x");
  });

  it("does not take an image for an index, nor the other way", () => {
    expect(() => read({ schemaVersion: 2, manifests: [] })).toThrow(RegistryError);
    expect(() => read({ schemaVersion: 2, config: descriptor, layers: [] }, index)).toThrow(RegistryError);
    expect(read({ schemaVersion: 2, manifests: [descriptor] }, index).children).toEqual([descriptor]);
  });

  it("answers any document with a manifest or a refusal, never with another error", () => {
    const value = fc.oneof(fc.jsonValue(), fc.constant(descriptor), fc.array(fc.constant(descriptor)));
    const document = fc.record({
      schemaVersion: fc.constantFrom(1, 2, "2"),
      mediaType: fc.constantFrom(undefined, manifest, index),
      config: value,
      layers: fc.oneof(value, fc.array(value)),
      subject: fc.oneof(fc.constant(undefined), value),
      annotations: fc.oneof(fc.constant(undefined), value),
    });
    fc.assert(
      fc.property(document, (given) => {
        try {
          const found = read(given);
          expect(found.blobs.every(({ digest, size }) => isDigest(digest) && size >= 0)).toBe(true);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(RegistryError);
        }
      }),
    );
  });
});
