import { describe, expect, it } from "vitest";
import { sha256 } from "../../../src/canonical.ts";
import { readLayout } from "../../../src/images/oci/layout.ts";

const imageType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const name = (value: string) => ({ annotations: { "org.opencontainers.image.ref.name": value } });

/** A layout in memory, to which blobs are added. */
class Layout {
  readonly files = new Map<string, Buffer>([["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);

  add(content: unknown, mediaType: string) {
    const bytes = Buffer.from(JSON.stringify(content));
    this.files.set(`blobs/sha256/${sha256(bytes)}`, bytes);
    return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  }

  image(architecture: string, subject?: object) {
    const config = this.add({ architecture, os: "linux" }, "application/vnd.oci.image.config.v1+json");
    return this.add({ schemaVersion: 2, mediaType: imageType, config, layers: [], subject }, imageType);
  }

  index(...manifests: readonly object[]) {
    return this.add({ schemaVersion: 2, mediaType: indexType, manifests }, indexType);
  }

  read(...manifests: readonly object[]) {
    this.files.set("index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    return readLayout({
      archive: "atlas__v1.tar",
      paths: () => this.files.keys(),
      size: (path) => this.files.get(path)?.length,
      read: async (path) => this.files.get(path)!,
    });
  }
}

describe("a layout with one flipped byte", () => {
  it("is refused in whichever of its manifests and configs it is", async () => {
    const layout = new Layout();
    const root = layout.index(layout.image("amd64"), layout.image("arm64"));
    expect((await layout.read(root)).manifests).toHaveLength(3);
    for (const [path, good] of layout.files) {
      if (!path.startsWith("blobs/")) continue;
      for (let at = 0; at < good.length; at += 1) {
        const bad = Buffer.from(good);
        bad[at]! ^= 1;
        layout.files.set(path, bad);
        await expect(layout.read(root), `${path} at ${at}`).rejects.toMatchObject({ code: "IMAGE_ARCHIVE_INVALID" });
      }
      layout.files.set(path, good);
    }
  });
});

describe("the image that an archive is about", () => {
  it("is the outermost index where its parts are listed beside it without names", async () => {
    const layout = new Layout();
    const parts = [layout.image("amd64"), layout.image("arm64")];
    const inner = layout.index(...parts);
    const outer = layout.index(inner);
    const image = await layout.read({ ...outer, ...name("v1") }, ...parts, inner);
    expect(image.root.digest).toBe(outer.digest);
    expect(image.references).toEqual(["v1"]);
    expect(image.manifests.map(({ descriptor }) => descriptor.digest)).toEqual(
      [...parts, inner, outer].map(({ digest }) => digest),
    );
  });

  it("is open where a part has a name of its own, or two stand side by side", async () => {
    const layout = new Layout();
    const [amd, arm] = [layout.image("amd64"), layout.image("arm64")];
    const both = layout.index(amd, arm);
    const ambiguous = expect.objectContaining({ code: "IMAGE_AMBIGUOUS" });
    await expect(layout.read({ ...both, ...name("v1") }, { ...amd, ...name("amd64") })).rejects.toEqual(ambiguous);
    await expect(layout.read(amd, arm)).rejects.toEqual(ambiguous);
  });

  it("has the name of its own annotation, else the one that containerd writes; an empty one is none", async () => {
    const layout = new Layout();
    const image = layout.image("amd64");
    const full = { "io.containerd.image.name": "docker.io/poolside/atlas:c1" };
    const read = async (annotations: object) => (await layout.read({ ...image, annotations })).references;
    expect(await read(full)).toEqual(["docker.io/poolside/atlas:c1"]);
    expect(await read({ ...full, "org.opencontainers.image.ref.name": "" })).toEqual(["docker.io/poolside/atlas:c1"]);
    expect(await read({ ...full, "org.opencontainers.image.ref.name": "c2" })).toEqual(["c2"]);
    expect(await read({ "org.opencontainers.image.ref.name": "" })).toEqual([]);
  });

  it("is not what is attached to it", async () => {
    const layout = new Layout();
    const image = layout.image("amd64");
    const found = await layout.read(layout.image("unknown", image), image);
    expect(found.root.digest).toBe(image.digest);
    expect(found.manifests).toHaveLength(2);
  });
});

describe("the platforms of an image", () => {
  it("are those of its index, else of its config", async () => {
    const layout = new Layout();
    const [amd, arm] = [layout.image("amd64"), layout.image("arm64")];
    expect((await layout.read(amd)).platforms).toEqual(["linux/amd64"]);
    const odd = { ...arm, platform: { os: "linux", architecture: "arm", variant: "v7" } };
    const hostile = { ...layout.image("x"), platform: { os: "a | b\n::error::", architecture: "amd64" } };
    expect((await layout.read(hostile)).platforms).toEqual(["amd64"]);
    const attested = { ...layout.image("none"), platform: { os: "unknown", architecture: "unknown" } };
    expect((await layout.read(layout.index(amd, odd, attested))).platforms).toEqual(["linux/amd64", "linux/arm/v7"]);
  });
});

describe("a manifest", () => {
  const layer = "application/vnd.oci.image.layer.v1.tar+gzip";
  const nowhere = { digest: `sha256:${"7".repeat(64)}`, size: 9, urls: ["https://example.com/layer"] };

  it.each<[string, (layout: Layout, config: object) => object, RegExp]>([
    [
      "is no index",
      (layout, config) => layout.add({ schemaVersion: 2, config, layers: [] }, indexType),
      /no manifests/,
    ],
    ["has a config", (layout) => layout.add({ schemaVersion: 2, layers: [] }, imageType), /has no config/],
    [
      "is not both kinds at once",
      (layout, config) => layout.add({ schemaVersion: 2, config, layers: [], manifests: [] }, imageType),
      /has manifests as well/,
    ],
    ["says its schema version", (layout, config) => layout.add({ config, layers: [] }, imageType), /schema version/],
    [
      "has its layers beside it, whatever urls they name",
      (layout, config) =>
        layout.add({ schemaVersion: 2, config, layers: [{ mediaType: layer, ...nowhere }] }, imageType),
      /is missing/,
    ],
  ])("%s", async (_, make, message) => {
    const layout = new Layout();
    const config = layout.add({ os: "linux" }, "application/vnd.oci.image.config.v1+json");
    await expect(layout.read(make(layout, config))).rejects.toThrow(message);
  });

  it.each([
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ])("may leave out a layer of the type %s", async (mediaType) => {
    const layout = new Layout();
    const config = layout.add({ os: "windows" }, "application/vnd.oci.image.config.v1+json");
    const image = layout.add({ schemaVersion: 2, config, layers: [{ mediaType, ...nowhere }] }, imageType);
    expect((await layout.read(image)).blobs).toHaveLength(1);
  });
});
