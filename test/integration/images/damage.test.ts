import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { type Blob, blobOf, layerOf, ociArchive } from "../../../sandbox/sample/image.ts";
import { noise } from "../../../sandbox/sample/noise.ts";
import { type Entry, tarOf } from "../../../sandbox/sample/tar.ts";
import { failureOf, imagesOf, type RegistryWorld, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const large = layerOf("opt/large.bin", noise("large", 5_000_000));
const small = layerOf("opt/small.bin", noise("small", 30_000));

interface Part {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** Members of a tar that this project's sample wrote: plain ustar. */
function partsOf(tar: Buffer): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; tar[at] !== 0; ) {
    const path = tar.toString("utf8", at, tar.indexOf(0, at));
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 135), 8);
    if (size > 0) parts.push({ path, offset: at + 512, size });
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return parts;
}

/** One archive in a `.tar` and a `.tar.gz`, as both kinds of sources. */
function write({ folder }: RegistryWorld, archive: Buffer): void {
  writeFileSync(join(folder, "atlas__1.tar"), archive);
  writeFileSync(join(folder, "atlas__1.tar.gz"), gzipSync(archive, { level: 1 }));
}

function nothingRefersToIt(current: RegistryWorld): void {
  for (const repository of current.states.ecr.repositories.values()) {
    expect(repository.tags.size).toBe(0);
    expect(repository.images.size).toBe(0);
    for (const [digest, { content }] of repository.blobs)
      expect(blobOf(Buffer.concat([...(content ?? [])])).digest).toBe(digest);
  }
}

describe("an archive with one flipped byte", () => {
  const good = ociArchive("1", [large, small]);

  it.each(partsOf(good).map((part) => [part.path.replace(/[0-9a-f]{54}$/, "..."), part] as const))(
    "in %s never gets a manifest, a tag or a wrong blob",
    async (_, { path, offset, size }) => {
      const { current } = world;
      for (const at of [0, Math.floor(size / 2), size - 1]) {
        const bad = Buffer.from(good);
        bad[offset + at]! ^= 1;
        write(current, bad);
        for (const form of ["atlas__1.tar", "atlas__1.tar.gz"]) {
          const mark = current.ground.requests.all.length;
          const run = await current.push({ bundle: form });
          expect(["IMAGE_ARCHIVE_INVALID", "LAYER_DAMAGED", "IMAGE_AMBIGUOUS"]).toContain(failureOf(run).code);
          nothingRefersToIt(current);
          const isLayer = path.includes(large.digest.slice(7)) || path.includes(small.digest.slice(7));
          if (form.endsWith(".tar") && !isLayer) expect(current.writes(mark)).toEqual([]);
        }
      }
    },
  );

  it("is cut anywhere: nothing refers to it", async () => {
    const { current } = world;
    for (const cut of [512, 1_024, 20_000, good.length - 512, good.length - 1_024, good.length - 40_000]) {
      write(current, good.subarray(0, cut));
      for (const form of ["atlas__1.tar", "atlas__1.tar.gz"])
        expect(failureOf(await current.push({ bundle: form })).code).toMatch(/^(TAR_|IMAGE_ARCHIVE|BUNDLE_NOT_ONE)/);
      nothingRefersToIt(current);
    }
    writeFileSync(join(current.folder, "atlas__1.tar.gz"), gzipSync(good).subarray(0, -9));
    expect(failureOf(await current.push({ bundle: "atlas__1.tar.gz" })).code).toMatch(/^SOURCE_/);
    expect(current.states.ecr.repository("atlas").tags.size).toBe(0);
  });
});

/** A layout of these files, with an index over `roots`. */
function layout(blobs: readonly Buffer[], roots: readonly object[], more: readonly Entry[] = []): Buffer {
  return tarOf([
    { path: "oci-layout", content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { path: "index.json", content: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: roots })) },
    ...blobs.map((content) => ({ path: `blobs/sha256/${blobOf(content).digest.slice(7)}`, content })),
    ...more,
  ]);
}

const describing = (mediaType: string, content: Buffer, more: object = {}) => ({
  mediaType,
  digest: blobOf(content).digest,
  size: content.length,
  ...more,
});
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const oci = (kind: string) => `application/vnd.oci.image.${kind}.v1+json`;

function manifestOf(config: Buffer, layers: readonly Blob[], more: object = {}): Buffer {
  return json({
    schemaVersion: 2,
    mediaType: oci("manifest"),
    config: describing(oci("config"), config),
    layers: layers.map(({ content }) => describing("application/vnd.acme.layer.v7+weird", content)),
    ...more,
  });
}

describe("image archives of every shape", () => {
  const config = json({ architecture: "amd64", os: "linux" });
  const image = manifestOf(config, [small]);
  const attestation = manifestOf(json({}), [blobOf(json({ predicate: 1 }))]);
  const signature = manifestOf(json({ sig: 1 }), [], { subject: describing(oci("manifest"), image) });

  beforeEach(() => {
    world.current.ground.requests.all.length = 0;
  });

  async function bothForms(archive: Buffer) {
    const { current } = world;
    write(current, archive);
    const runs = [];
    for (const [at, form] of ["atlas__1.tar", "atlas__1.tar.gz"].entries())
      runs.push(await current.push({ bundle: form, "repository-prefix": `p${at}` }));
    return runs;
  }

  it("are pushed byte for byte: nested index, attestation, signature, unknown media types", async () => {
    const inner = json({
      schemaVersion: 2,
      mediaType: oci("index"),
      manifests: [
        describing(oci("manifest"), image, { platform: { os: "linux", architecture: "amd64" } }),
        describing(oci("manifest"), attestation, { platform: { os: "unknown", architecture: "unknown" } }),
      ],
    });
    const outer = json({ schemaVersion: 2, mediaType: oci("index"), manifests: [describing(oci("index"), inner)] });
    const blobs = [
      config,
      image,
      attestation,
      signature,
      inner,
      outer,
      small.content,
      json({}),
      json({ predicate: 1 }),
      json({ sig: 1 }),
    ];
    const archive = layout(blobs, [describing(oci("index"), outer), describing(oci("manifest"), signature)]);
    for (const [at, run] of (await bothForms(archive)).entries()) {
      expect(imagesOf(run)["atlas"]).toMatchObject({ tag: "1", digest: blobOf(outer).digest });
      const repository = world.current.states.ecr.repository(`p${at}/atlas`);
      for (const content of [image, attestation, signature, inner, outer])
        expect(repository.images.get(blobOf(content).digest)?.content).toEqual(content);
    }
  });

  it.each<[string, () => Buffer, string]>([
    ["a missing layer", () => layout([config, image], [describing(oci("manifest"), image)]), "IMAGE_ARCHIVE_INVALID"],
    ["a missing manifest", () => layout([config], [describing(oci("manifest"), image)]), "IMAGE_ARCHIVE_INVALID"],
    [
      "a wrong size",
      () => layout([config, image, small.content], [{ ...describing(oci("manifest"), image), size: image.length + 1 }]),
      "IMAGE_ARCHIVE_INVALID",
    ],
    [
      "two images",
      () =>
        layout(
          [config, image, small.content, attestation, json({}), json({ predicate: 1 })],
          [describing(oci("manifest"), image), describing(oci("manifest"), attestation)],
        ),
      "IMAGE_AMBIGUOUS",
    ],
    ["docker's own format", () => tarOf([{ path: "manifest.json", content: json([]) }]), "IMAGE_DOCKER_ARCHIVE"],
    [
      "a blob twice",
      () =>
        layout(
          [config, image, small.content],
          [describing(oci("manifest"), image)],
          [{ path: `./blobs/sha256/${blobOf(image).digest.slice(7)}`, content: Buffer.from("{}") }],
        ),
      "TAR_DUPLICATE|IMAGE_ARCHIVE_INVALID",
    ],
    [
      "a path that leads out",
      () =>
        layout(
          [config, image, small.content],
          [describing(oci("manifest"), image)],
          [{ path: "../x", content: image }],
        ),
      "TAR_PATH_UNSAFE",
    ],
    [
      "a tag that no registry takes",
      () =>
        layout(
          [config, image, small.content],
          [describing(oci("manifest"), image, { annotations: { "org.opencontainers.image.ref.name": "-no" } })],
        ),
      "IMAGE_TAG_INVALID",
    ],
  ])("with %s are refused without a tag", async (_, archive, code) => {
    for (const run of await bothForms(archive())) {
      expect(failureOf(run).code).toMatch(new RegExp(`^(${code})$`));
      for (const repository of world.current.states.ecr.repositories.values()) expect(repository.tags.size).toBe(0);
    }
  });

  it("may have a config that is no JSON, as an artifact's may be", async () => {
    const odd = Buffer.from("a config of its own kind");
    const artifact = manifestOf(odd, [small], { artifactType: "application/vnd.acme.thing" });
    const archive = layout([odd, artifact, small.content], [describing(oci("manifest"), artifact)]);
    for (const run of await bothForms(archive)) expect(imagesOf(run)["atlas"]!.digest).toBe(blobOf(artifact).digest);
  });

  it("are not left out in silence where a link leads nowhere, and may have any character in a name", async () => {
    const { current } = world;
    const archive = layout([config, image, small.content], [describing(oci("manifest"), image)]);
    mkdirSync(join(current.folder, "linked/containers"), { recursive: true });
    writeFileSync(join(current.folder, "linked/containers/atlas__1.tar"), archive);
    symlinkSync("/nowhere/docs__1.tar", join(current.folder, "linked/containers/docs__1.tar"));
    const run = await current.push({ bundle: "linked" });
    expect(failureOf(run)).toMatchObject({ code: "SOURCE_NOT_FOUND", message: expect.stringMatching(/docs__1.tar/) });
    writeFileSync(join(current.folder, "atlas__50%.tar"), archive);
    expect(failureOf(await current.push({ bundle: "atlas__50%.tar" })).code).toBe("IMAGE_TAG_INVALID");
  });

  it("that docker saved are told as such, also compressed and alone, whatever comes first", async () => {
    const hex = "0d".repeat(32);
    const files: readonly Entry[] = [
      { path: `${hex}.json`, content: json({}) },
      { path: `${hex}/` },
      { path: `${hex}/layer.tar`, content: tarOf([]) },
      { path: "manifest.json", content: json([{ Config: `${hex}.json`, RepoTags: ["atlas:1"], Layers: [] }]) },
    ];
    for (const run of await bothForms(tarOf(files))) {
      expect(failureOf(run).code).toBe("IMAGE_DOCKER_ARCHIVE");
      expect(failureOf(run).message).toMatch(/oci-archive:converted\/atlas__1\.tar/);
    }
  });

  it("with a folder around their layout are refused with the way to pack them", async () => {
    const { current } = world;
    const wrapped = tarOf([{ path: "atlas/oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) }]);
    for (const run of await bothForms(wrapped))
      expect(failureOf(run)).toMatchObject({ code: "BUNDLE_NOT_ONE", message: expect.stringMatching(/tar -C atlas/) });
    mkdirSync(join(current.folder, "unpacked/containers/atlas__1"), { recursive: true });
    writeFileSync(join(current.folder, "unpacked/containers/atlas__1/oci-layout"), "{}");
    expect(failureOf(await current.push({ bundle: "unpacked" }))).toMatchObject({
      code: "BUNDLE_NO_IMAGES",
      message: expect.stringMatching(/tar -C containers\/atlas__1 -cf/),
    });
    writeFileSync(join(current.folder, "b.tar"), tarOf([{ path: "containers/atlas__1.tar", content: wrapped }]));
    expect(failureOf(await current.push({ bundle: "b.tar" }))).toMatchObject({
      code: "IMAGE_ARCHIVE_INVALID",
      message: expect.stringMatching(/tar -C atlas/),
    });
  });

  it("may lie in a bundle that has files of its own with a layout's names", async () => {
    const { current } = world;
    const archive = layout([config, image, small.content], [describing(oci("manifest"), image)]);
    const tar = tarOf([
      { path: "manifest.json", content: json({ version: "2611" }) },
      { path: "containers/atlas__1.tar", content: archive },
    ]);
    writeFileSync(join(current.folder, "b.tar"), tar);
    writeFileSync(join(current.folder, "b.tar.gz"), gzipSync(tar));
    for (const form of ["b.tar", "b.tar.gz"]) {
      const run = await current.push({ bundle: form, "extract-to": form.replaceAll(".", "-") });
      expect(imagesOf(run)["atlas"]!.digest).toBe(blobOf(image).digest);
      expect(readdirSync(run.outputs["bundle-dir"]!)).toEqual(["manifest.json"]);
    }
  });

  it("that are compressed inside the bundle, or twins, are refused by name", async () => {
    const { current } = world;
    const archive = layout([config, image, small.content], [describing(oci("manifest"), image)]);
    for (const [files, code, message = /./] of [
      [[["containers/atlas__1.tar.gz", gzipSync(archive)]], "BUNDLE_ARCHIVE_COMPRESSED"],
      [
        [
          ["containers/atlas__1.tar", archive],
          ["containers/atlas__2.tar", archive],
        ],
        "IMAGE_FILE_NAME",
      ],
      [[["containers/atlas__1.tar", gzipSync(archive)]], "TAR_NOT_A_TAR", /compressed by gzip/],
      [[["a/b/containers/atlas__1.tar", archive]], "BUNDLE_NO_IMAGES", /it holds a\/b\/containers\/atlas__1.tar/],
      [[["containers/atlas.tar", archive]], "IMAGE_FILE_NAME"],
      [[["containers/README", Buffer.from("x")]], "BUNDLE_NO_IMAGES"],
      [[["notes.txt", Buffer.from("x")]], "BUNDLE_NOT_ONE"],
    ] as const) {
      const tar = tarOf(files.map(([path, content]) => ({ path, content })));
      writeFileSync(join(current.folder, "b.tar"), tar);
      writeFileSync(join(current.folder, "b.tar.gz"), gzipSync(tar));
      for (const form of ["b.tar", "b.tar.gz"]) {
        const failure = failureOf(await current.push({ bundle: form }));
        expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
      }
    }
    for (const repository of current.states.ecr.repositories.values()) expect(repository.tags.size).toBe(0);
  });
});

describe("the sample's own parts", () => {
  it("are where these tests look for them", () => {
    const { current } = world;
    write(current, ociArchive("1", [small]));
    expect(readdirSync(current.folder)).toContain("atlas__1.tar");
    expect(partsOf(readFileSync(join(current.folder, "atlas__1.tar"))).map(({ path }) => path)).toContain("index.json");
  });
});
