import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Principals } from "../../../sandbox/aws/principals.ts";
import { Secret } from "../../../src/action/secret.ts";
import { createAgents } from "../../../src/agent.ts";
import type { Login } from "../../../src/images/ecr/login.ts";
import { readRemoteImage } from "../../../src/images/oci/remote.ts";
import { pushImages } from "../../../src/images/push/push.ts";
import { blobFrom } from "../../../src/images/registry/download.ts";
import { createWire } from "../../../src/images/registry/wire.ts";
import { testAmbient, testContext } from "../../support/context.ts";
import { type EcrServer, manifestOf, startEcr, types } from "../sandbox-registry/server.ts";
import { writeBundles } from "./bundles.ts";
import { account, bucket, failureOf, imagesOf, region, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const records = `s3://${bucket}/eks-deploy/`;
const hex = "0".repeat(64);

/** A record of what a run of push-images put out. */
function recordOf(outputs: Readonly<Record<string, string>>): string {
  const images = Object.entries(JSON.parse(outputs["images"]!) as Record<string, Record<string, string>>).map(
    ([name, { repository, tag, digest }]) => [name, { repository, tag, digest }],
  );
  return JSON.stringify({
    version: 1,
    tool: "1.0.0",
    environment: "staging",
    release: "inference",
    namespace: "poolside-models",
    cluster: "poolside",
    account,
    region,
    resolved: {},
    images: Object.fromEntries(images),
    checkpoints: {},
    chart: { sha256: outputs["chart-sha256"], version: "1.0.0", place: outputs["chart"] },
    valuesSha256: hex,
    identity: { roleArn: "", policyArn: "" },
    revision: 1,
    models: [],
    smoke: {},
    planSha256: hex,
    run: {
      url: "https://github.com/acme/models/actions/runs/1",
      actor: "octocat",
      repository: "acme/models",
      sha: "1",
    },
    startedAt: "2026-11-25T00:00:00.000Z",
    finishedAt: "2026-11-25T01:00:00.000Z",
  });
}

describe("from-record", () => {
  it("takes digests and chart from the record, reads no bundle and writes nothing where all of it stands", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const first = await current.push({ bundle: "bundle", records });
    const images = imagesOf(first);
    writeFileSync(join(current.folder, "record.json"), recordOf(first.outputs));
    const mark = current.ground.requests.all.length;
    const run = await current.push({ "from-record": "record.json", records }, { fresh: true });
    expect(imagesOf(run)["atlas"]).toMatchObject({ digest: images["atlas"]!.digest, state: "present" });
    expect(run.outputs).toMatchObject({
      changes: "0",
      chart: first.outputs["chart"],
      "chart-sha256": first.outputs["chart-sha256"],
      "plan-sha256": first.outputs["plan-sha256"],
    });
    expect(current.writes(mark)).toEqual([]);
  });

  it("copies under another prefix by digest, and tells what is nowhere", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const first = await current.push({ bundle: "bundle", records });
    writeFileSync(join(current.folder, "record.json"), recordOf(first.outputs));
    const copied = await current.push({ "from-record": "record.json", "repository-prefix": "prod", records });
    expect(imagesOf(copied)["atlas"]).toMatchObject({ repository: "prod/atlas", state: "pushed" });
    const { digest } = imagesOf(copied)["atlas"]!;
    current.states.ecr.repository("atlas").images.delete(digest);
    const gone = await current.push({ "from-record": "record.json", "repository-prefix": "again", records });
    expect(failureOf(gone).code).toBe("IMAGES_FROM_RECORD");
    expect([...current.states.ecr.repositories.keys()].filter((name) => name.startsWith("again"))).toEqual([]);
  });
});

describe("a record that was altered", () => {
  it.each([
    ["REPOSITORY_NAME", { repository: "../atlas" }],
    ["IMAGE_TAG_INVALID", { tag: "../../other/manifests/1" }],
  ])("is refused as %s before the registry is asked", async (code, over) => {
    const { current } = world;
    writeBundles(current.folder);
    const record = JSON.parse(recordOf((await current.push({ bundle: "bundle", records })).outputs));
    Object.assign(record.images.atlas, over);
    writeFileSync(join(current.folder, "altered.json"), JSON.stringify(record));
    const mark = current.ground.requests.all.length;
    expect(failureOf(await current.push({ "from-record": "altered.json", records })).code).toBe(code);
    expect(current.ground.requests.since(mark).filter(({ service }) => service === "registry")).toEqual([]);
  });
});

describe("reports of the job that pushed", () => {
  it.each(["bundle", "bundle.tar.gz"])("replace the bundle, with the same plan-sha256 (%s)", async (bundle) => {
    const { current } = world;
    writeBundles(current.folder);
    const first = await current.push({ bundle, records });
    mkdirSync(join(current.folder, "reports"));
    writeFileSync(join(current.folder, "reports/report.json"), readFileSync(first.outputs["report"]!));
    const mark = current.ground.requests.all.length;
    const run = await current.push({ bundle: "env:BUNDLE_URL", reports: "reports", records }, { fresh: true });
    expect(imagesOf(run)["atlas"]!.state).toBe("present");
    expect(run.outputs).toMatchObject({
      changes: "0",
      chart: first.outputs["chart"],
      "plan-sha256": first.outputs["plan-sha256"],
    });
    expect(current.writes(mark)).toEqual([]);
    const same = await current.push({ bundle, reports: "reports", records }, { fresh: true });
    expect(same.outputs).toMatchObject({ changes: "0", "plan-sha256": first.outputs["plan-sha256"] });
    const other = await current.push({ bundle: "bundle.tar", reports: "reports", "repository-prefix": "other" });
    expect(imagesOf(other)["atlas"]).toMatchObject({ repository: "other/atlas", state: "pushed" });
    current.states.ecr.repository("atlas").tags.clear();
    const gone = await current.push({ reports: "reports", records }, { fresh: true });
    expect(failureOf(gone).code).toBe("IMAGES_FROM_RECORD");
  });
});

describe("a copy from the registry of another account", () => {
  const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
  const layers = [Buffer.alloc(5_000_000, "l"), Buffer.from("small")];

  function wireOf(server: EcrServer) {
    const { password } = server.state.issueToken(new Principals("aws").addUser(account, "copier").caller);
    const login: Login = {
      endpoint: new URL(server.url),
      authorization: async () => new Secret(`Basic ${Buffer.from(`AWS:${password}`).toString("base64")}`),
    };
    return createWire(login, createAgents(testAmbient(), 16), testContext());
  }

  it("takes along a layer that need not be distributed where it is there, and leaves it out where it is not", async () => {
    const from = await startEcr();
    try {
      from.state.add("atlas");
      for (const blob of [config, layers[1]!]) await from.push("atlas", blob);
      const { config: described, layers: all } = JSON.parse(manifestOf(config, layers));
      const foreign = all.map((layer: object) => ({
        ...layer,
        mediaType: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        urls: ["https://example.com/layer"],
      }));
      const manifest = { schemaVersion: 2, mediaType: types.manifest, config: described, layers: foreign };
      await from.ask("PUT", "atlas/manifests/1", { "content-type": types.manifest }, JSON.stringify(manifest));
      const digest = from.state.repository("atlas").tags.get("1")!;
      const { blobs } = await readRemoteImage(wireOf(from), "atlas", digest, "atlas");
      expect(blobs.map((blob) => blob.digest)).toEqual([described.digest, all[1].digest]);
    } finally {
      await from.close();
    }
    expect(from.defects).toEqual([]);
  });

  it("streams what is missing, verified, and leaves its credentials at the registry when it is sent on", async () => {
    const [from, to] = [await startEcr(), await startEcr()];
    try {
      from.state.add("atlas");
      to.state.add("prod/atlas");
      for (const blob of [config, ...layers]) await from.push("atlas", blob);
      const manifest = manifestOf(config, layers);
      await from.ask("PUT", "atlas/manifests/1", { "content-type": types.manifest }, manifest);
      const digest = from.state.repository("atlas").tags.get("1")!;
      const [source, target] = [wireOf(from), wireOf(to)];
      const oci = await readRemoteImage(source, "atlas", digest, "atlas");
      const goal = { name: "atlas", repository: "prod/atlas", tag: "1", digest, oci, size: oci.size };
      const blob = (_: unknown, descriptor: Parameters<typeof blobFrom>[2]) =>
        blobFrom(async () => source, "atlas", descriptor);
      const result = await pushImages([goal], [], {
        wire: target,
        concurrency: 4,
        mounting: false,
        empty: new Set(),
        blob,
      });
      expect(result.bytesUploaded).toBe(config.length + layers[0]!.length + layers[1]!.length);
      expect(to.state.repository("prod/atlas").images.get(digest)?.content.toString()).toBe(manifest);
      expect(from.ground.requests.all.filter(({ name }) => name === "GET download")).toHaveLength(3);
    } finally {
      await Promise.all([from.close(), to.close()]);
    }
    expect([...from.defects, ...to.defects]).toEqual([]);
  });
});
