import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PlacedImage } from "../../src/images/plan.ts";
import { crane } from "../software.ts";
import { run } from "../tools/run.ts";
import { type MadeArchive, Workshop } from "./image-archives.ts";
import { type PushWorld, startPushWorld } from "./push-world.ts";

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex");

/** Forms that are pushed as they are. */
const taken: Readonly<Record<string, (workshop: Workshop) => Promise<MadeArchive>>> = {
  "umoci's layout": (workshop) => workshop.umoci(),
  "umoci's layout of an image with two names": (workshop) => workshop.umociWithTwoNames(),
  "skopeo's archive": (workshop) => workshop.skopeo(),
  "skopeo's archive with zstd layers": (workshop) => workshop.skopeoZstd(),
  "docker save, since 25": (workshop) => workshop.dockerSave(),
  "buildah's commit": (workshop) => workshop.buildah(),
  "oras, an index below an index": (workshop) => workshop.orasNested(),
  "oras, an artifact attached to an image": (workshop) => workshop.orasAttached(),
  "oras, an artifact alone": (workshop) => workshop.orasArtifact(),
};

describe.each(["distribution", "sandbox"] as const)("into the registry of %s", (registry) => {
  let world: PushWorld;
  let workshop: Workshop;
  let client: (...args: readonly string[]) => Promise<string>;

  beforeAll(async () => {
    world = await startPushWorld(registry);
    const { folder, host, password } = world;
    workshop = await Workshop.open(folder);
    const program = await crane.get();
    const env = { DOCKER_CONFIG: join(folder, "crane") };
    client = (...args) => run(program, args, { env });
    await client("auth", "login", host, "-u", "AWS", "-p", password);
  });

  afterAll(async () => {
    await world?.close();
    expect(world?.defects).toEqual([]);
  });

  /** Pushes an archive and reads every blob and manifest of its layout back with another client. */
  async function pushAndRead({ file, layout }: MadeArchive): Promise<void> {
    const ended = await world.push({ bundle: file });
    expect(ended.failures).toEqual([]);
    const [image] = Object.values(JSON.parse(ended.outputs["images"]!) as Record<string, PlacedImage>);
    const place = `${world.host}/${image!.repository}`;
    const digest = await client("digest", "--insecure", `${place}:v1`);
    expect(digest.trim()).toBe(image!.digest);
    const { manifests } = JSON.parse(readFileSync(join(world.folder, layout, "index.json"), "utf8"));
    const roots = manifests.map((entry: { digest: string }) => entry.digest);
    expect(roots).toContain(image!.digest);
    const blobs = readdirSync(join(world.folder, layout, "blobs/sha256"));
    for (const blob of blobs) {
      const content = readFileSync(join(world.folder, layout, "blobs/sha256", blob));
      const kind = content.length < 10_000 && content.includes('"schemaVersion"') ? "manifest" : "blob";
      const there = await bytesOf(kind, `${place}@sha256:${blob}`);
      expect([blob, sha256(there)]).toEqual([blob, blob]);
    }
    expect(blobs.length).toBeGreaterThanOrEqual(3);
    const again = await world.push({ bundle: file });
    expect(again.outputs).toMatchObject({ changes: "0", "images-bytes-uploaded": "0" });
  }

  async function bytesOf(kind: "manifest" | "blob", reference: string): Promise<Buffer> {
    const env = { ...process.env, DOCKER_CONFIG: join(world.folder, "crane") };
    const options = { env, maxBuffer: 2 ** 26, encoding: "buffer" } as const;
    return (await promisify(execFile)(await crane.get(), [kind, "--insecure", reference], options)).stdout;
  }

  it.each(Object.entries(taken))("%s", async (_name, make) => pushAndRead(await make(workshop)));

  it("skopeo's archive in several members of gzip", async () =>
    pushAndRead(workshop.gzipped({ file: "skopeo__v1.tar", layout: "skopeo__v1.tar.d" })));

  it.each(["dockerArchive", "craneArchive"] as const)(
    "a docker archive (%s), converted as the error says",
    async (kind) => {
      const made = await workshop[kind]();
      const refused = await world.push({ bundle: made.file });
      expect(refused.failures).toMatchObject([{ code: "IMAGE_DOCKER_ARCHIVE" }]);
      expect(refused.failures[0]!.message).toContain(`skopeo copy docker-archive:${made.file} oci-archive:`);
      await pushAndRead(await workshop.converted(made));
    },
  );
});
