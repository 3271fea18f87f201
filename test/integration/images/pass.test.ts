import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { type Blob, layerOf, ociArchive } from "../../../sandbox/sample/image.ts";
import { noise } from "../../../sandbox/sample/noise.ts";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import { failureOf, imagesOf, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const megabyte = 1_000_000;
/** The least memory: a quarter of it reads ahead, and a layer of more than 12 MiB is not kept for a second attempt. */
const memory = "64MiB";

let bundle: Buffer;
let shared: readonly Blob[];

beforeAll(() => {
  const layer = (name: string, size: number) => layerOf(name, noise(name, size));
  shared = [
    layer("huge", 20 * megabyte),
    ...Array.from({ length: 12 }, (_, at) => layer(`shared-${at}`, 5 * megabyte)),
  ];
  const archives = ["one", "three", "two"].map((name) => ({
    path: `containers/${name}__1.tar`,
    content: ociArchive("1", [layer(name, 6 * megabyte), ...shared]),
  }));
  bundle = gzipSync(tarOf(archives), { level: 0 });
});

describe("a compressed bundle that is larger than its memory", () => {
  it("passes through few connections, and sends what its images share once", async () => {
    const { current } = world;
    current.states.ecr.blobMounting = "ENABLED";
    writeFileSync(join(current.folder, "b.tar.gz"), bundle);
    const run = await current.push({ bundle: "b.tar.gz", memory, concurrency: "2" });
    expect(Object.keys(imagesOf(run))).toEqual(["one", "three", "two"]);
    const mounted = current.ground.requests.all.filter(({ name, status }) => name === "POST mount" && status === 201);
    expect(mounted).toHaveLength(2 * shared.length);
    const sent = Number(run.outputs["images-bytes-uploaded"]);
    expect(sent).toBeLessThan(101 * megabyte);
  });

  it("is read again for a layer that was too large to keep when its connection broke", async () => {
    const { current } = world;
    const archive = ociArchive("1", [shared[0]!, shared[1]!]);
    writeFileSync(join(current.folder, "one__1.tar.gz"), gzipSync(archive, { level: 0 }));
    current.ground.faults.add({ service: "registry", operation: "PATCH upload", effect: { kind: "reset" } });
    const run = await current.push({ bundle: "one__1.tar.gz", memory, concurrency: "1" });
    imagesOf(run);
    const again = run.context.recorded.lines.filter((line) => /is read again/.test(line));
    expect(again).toHaveLength(1);
    const puts = current.ground.requests.all.filter(({ name, status }) => name === "PUT upload" && status < 300);
    expect(puts).toHaveLength(3);
  });

  it("gives up after three passes, and tags nothing", async () => {
    const { current } = world;
    writeFileSync(join(current.folder, "b.tar.gz"), bundle);
    current.ground.faults.add({
      service: "registry",
      operation: "PATCH upload",
      times: 1_000,
      effect: { kind: "reset" },
    });
    const run = await current.push({ bundle: "b.tar.gz", images: "two", memory });
    expect(failureOf(run).code).toBe("REGISTRY_UNREACHABLE");
    expect(current.states.ecr.repository("two").tags.size).toBe(0);
  });

  it("leaves an index from which other images are planned too, without reading it", async () => {
    const { current } = world;
    const records = "s3://acme-models-dev/eks-deploy/";
    writeFileSync(join(current.folder, "b.tar.gz"), bundle);
    imagesOf(await current.push({ bundle: "b.tar.gz", images: "one", records }));
    const plan = await current.push({ bundle: "b.tar.gz", "dry-run": "true", records }, { fresh: true });
    expect(Object.values(imagesOf(plan)).map(({ state }) => state)).toEqual(["present", "pushed", "pushed"]);
    const some = imagesOf(await current.push({ bundle: "b.tar.gz", images: "one, two", records }, { fresh: true }));
    expect(Object.entries(some).map(([name, { state }]) => `${name} ${state}`)).toEqual(["one present", "two pushed"]);
    const rest = imagesOf(await current.push({ bundle: "b.tar.gz", records }, { fresh: true }));
    expect(Object.values(rest).map(({ state }) => state)).toEqual(["present", "pushed", "present"]);
  });
});
