import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { sampleArchives, sampleTags } from "../../../sandbox/sample/bundle.ts";
import { tarOf } from "../../../sandbox/sample/tar.ts";
import { sha256 } from "../../../src/canonical.ts";
import { entriesOf, writeBundles } from "./bundles.ts";
import { account, bucket, failureOf, imagesOf, region, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const records = `s3://${bucket}/eks-deploy/`;

describe("every form of a bundle", () => {
  it("gives the same digests in the registry and the same chart", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const digests = new Set<string>();
    const charts = new Set<string>();
    for (const [at, form] of ["bundle", "bundle.tar", "bundle.tar.gz", "bundle.tar.zst"].entries()) {
      const run = await current.push({ bundle: form, "repository-prefix": `form-${at}`, records });
      const images = imagesOf(run);
      digests.add(JSON.stringify(Object.values(images).map(({ digest, size, tag }) => [digest, size, tag])));
      charts.add(run.outputs["chart-sha256"]!);
      expect(images["atlas"]!.repository).toBe(`form-${at}/atlas`);
      expect(run.outputs["registry"]).toMatch(new RegExp(`/form-${at}$`));
    }
    expect(digests.size).toBe(1);
    expect(charts.size).toBe(1);
  });

  it.each(["bundle.tar", "bundle.tar.gz"])("comes from S3 as %s, read by ranges", async (form) => {
    const { current } = world;
    writeBundles(current.folder);
    current.states.s3.put(bucket, `intake/${form}`, readFileSync(join(current.folder, form)));
    const run = await current.push({ bundle: `s3://${bucket}/intake/${form}`, records });
    expect(imagesOf(run)["atlas"]).toMatchObject({ state: "pushed", tag: sampleTags.atlas });
    const mark = current.ground.requests.all.length;
    const again = await current.push({ bundle: `s3://${bucket}/intake/${form}`, records }, { fresh: true });
    expect(imagesOf(again)["atlas"]).toMatchObject({ state: "present" });
    expect(again.outputs["changes"]).toBe("0");
    expect(again.outputs["plan-sha256"]).toBe(run.outputs["plan-sha256"]);
    expect(current.writes(mark)).toEqual([]);
    const layers = current.ground.requests.since(mark).filter(({ name }) => /blob/.test(name));
    expect(layers).toEqual([]);
  });

  it("may be one archive, plain or compressed, or a folder of archives", async () => {
    const { current } = world;
    const archives = sampleArchives(0.05);
    mkdirSync(join(current.folder, "archives"));
    for (const [name, content] of archives) writeFileSync(join(current.folder, "archives", name), content);
    const [name, content] = [...archives][0]!;
    writeFileSync(join(current.folder, `${name}.gz`), gzipSync(content));
    const folder = imagesOf(await current.push({ bundle: "archives", "repository-prefix": "a" }));
    expect(Object.keys(folder)).toEqual(["atlas", "public-docs"]);
    const one = imagesOf(await current.push({ bundle: `archives/${name}`, "repository-prefix": "b" }));
    expect(one["atlas"]!.digest).toBe(folder["atlas"]!.digest);
    const gz = imagesOf(await current.push({ bundle: `${name}.gz`, "repository-prefix": "c" }));
    expect(gz["atlas"]!.digest).toBe(folder["atlas"]!.digest);
  });
});

describe("a bundle below a prefix in S3", () => {
  const below = (folder: string, prefix: string, home = bucket) => {
    const { states } = world.current;
    for (const { path, content } of entriesOf(folder)) states.s3.put(home, `${prefix}${path}`, content!);
  };

  it("is pushed as from its folder, its small parts extracted, and read no further the second time", async () => {
    const { current } = world;
    writeBundles(current.folder);
    below(join(current.folder, "bundle"), "intake/2611/");
    const run = await current.push({ bundle: `s3://${bucket}/intake/2611/`, "extract-to": "out" });
    const folder = await current.push({ bundle: "bundle" });
    expect(folder.outputs).toMatchObject({ changes: "0", "chart-sha256": run.outputs["chart-sha256"] });
    expect(imagesOf(run)["atlas"]!.digest).toBe(imagesOf(folder)["atlas"]!.digest);
    expect(readdirSync(join(current.folder, "out")).sort()).toContain("charts");
    expect(readdirSync(join(current.folder, "out"))).not.toContain("containers");
    const mark = current.ground.requests.all.length;
    const again = await current.push({ bundle: `s3://${bucket}/intake/2611/` }, { fresh: true });
    expect(again.outputs).toMatchObject({ changes: "0", "plan-sha256": run.outputs["plan-sha256"] });
    const unslashed = await current.push({ bundle: `s3://${bucket}/intake/2611` }, { fresh: true });
    expect(Object.keys(imagesOf(unslashed))).toEqual(["atlas", "public-docs"]);
    expect(failureOf(await current.push({ bundle: `s3://${bucket}/intake/26` })).code).toBe("SOURCE_NOT_FOUND");
    expect(current.writes(mark)).toEqual([]);
  });

  it("may be archives alone; an empty one, one without archives and a foreign path are refused", async () => {
    const { current } = world;
    writeBundles(current.folder);
    below(join(current.folder, "bundle/containers"), "archives/");
    imagesOf(await current.push({ bundle: `s3://${bucket}/archives/` }));
    current.states.s3.addBucket({ name: "acme-intake", region, owner: account });
    below(join(current.folder, "bundle/containers"), "", "acme-intake");
    expect(imagesOf(await current.push({ bundle: "s3://acme-intake/" }))["atlas"]!.state).toBe("present");
    const code = async (prefix: string) => failureOf(await current.push({ bundle: `s3://${bucket}/${prefix}/` })).code;
    expect(await code("nothing")).toBe("BUNDLE_NOT_FOUND");
    below(join(current.folder, "bundle/charts"), "only/charts/");
    expect(await code("only")).toBe("BUNDLE_NOT_ONE");
    current.states.s3.put(bucket, "archives/../x", Buffer.from("x"));
    expect(await code("archives")).toBe("TAR_PATH_UNSAFE");
    expect(failureOf(await current.push({ bundle: "s3://acme-elsewhere/b/" })).code).toBe("BUNDLE_NOT_FOUND");
  });
});

describe("the summary", () => {
  it.each(["bundle", "bundle.tar.gz"])("of %s names platforms and what was left out", async (bundle) => {
    const { current } = world;
    writeBundles(current.folder);
    const run = await current.push({ bundle, images: "atlas", records });
    imagesOf(run);
    expect(run.summary).toMatch(/\| linux\/amd64 \| \d+ \/ 0 \/ 0 \|/);
    expect(run.summary).toContain("Left out, because `images` does not name it: public-docs.");
    const all = await current.push({ bundle, records });
    expect(all.summary).toMatch(/\| total, shared layers once \|.*\| \d+ \/ 0 \/ \d+ \|/);
    expect(all.summary).not.toContain("Left out");
  });
});

describe("a compressed bundle", () => {
  it("is planned as unknown, and the plan's digest is the same before and after", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const plan = await current.push({ bundle: "bundle.tar.gz", records, "dry-run": "true" });
    expect(plan.failures).toEqual([]);
    expect(current.writes()).toEqual([]);
    const run = await current.push({
      bundle: "bundle.tar.gz",
      records,
      "approved-plan": plan.outputs["plan-sha256"]!,
    });
    imagesOf(run);
    const again = await current.push({ bundle: "bundle.tar.gz", records }, { fresh: true });
    expect(again.outputs).toMatchObject({ changes: "0", "plan-sha256": plan.outputs["plan-sha256"] });
  });

  it("is read anew where nobody kept its index, and writes nothing that stands already", async () => {
    const { current } = world;
    writeBundles(current.folder);
    imagesOf(await current.push({ bundle: "bundle.tar.gz" }));
    const mark = current.ground.requests.all.length;
    const again = await current.push({ bundle: "bundle.tar.gz" }, { fresh: true });
    expect(imagesOf(again)["atlas"]!.state).toBe("present");
    expect(current.writes(mark)).toEqual([]);
  });

  it("tells how much of it has passed, so that the time left is known", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const run = await current.push({ bundle: "bundle.tar.gz" });
    const total = statSync(join(current.folder, "bundle.tar.gz")).size;
    expect(run.context.recorded.events).toContainEqual({
      kind: "progress",
      task: "bundle",
      done: total,
      total,
      unit: "bytes",
    });
  });

  it("leaves its small parts in extract-to while it passes", async () => {
    const { current } = world;
    writeBundles(current.folder);
    for (const form of ["bundle.tar.gz", "bundle.tar"]) {
      const run = await current.push({ bundle: form, "extract-to": `out-${form}`, "repository-prefix": form });
      imagesOf(run);
      const folder = run.outputs["bundle-dir"]!;
      expect(readFileSync(join(folder, "charts/inference/Chart.yaml"), "utf8")).toContain("inference");
      expect(statSync(join(folder, "scripts/upload_images.sh")).mode & 0o100).toBe(0o100);
      expect(existsSync(join(folder, "containers"))).toBe(false);
    }
  });

  it("is not tagged where its SHA-256 is another", async () => {
    const { current } = world;
    writeBundles(current.folder);
    for (const form of ["bundle.tar.gz", "bundle.tar"]) {
      const run = await current.push({ bundle: form, "bundle-sha256": "0".repeat(64) });
      expect(failureOf(run).code).toBe("BUNDLE_SHA256_MISMATCH");
      for (const repository of current.states.ecr.repositories.values()) expect(repository.tags.size).toBe(0);
    }
    const digest = sha256(readFileSync(join(current.folder, "bundle.tar.gz")));
    imagesOf(await current.push({ bundle: "bundle.tar.gz", "bundle-sha256": digest }));
  });

  it("is not called compared where an uncompressed one was not read", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const inputs = { bundle: "bundle.tar", "bundle-sha256": sha256(readFileSync(join(current.folder, "bundle.tar"))) };
    const planned = await current.push({ ...inputs, "dry-run": "true" });
    const first = await current.push(inputs);
    const again = await current.push({ ...inputs, "bundle-sha256": "0".repeat(64) });
    imagesOf(first);
    expect(again.outputs["changes"]).toBe("0");
    expect(again.summary).toContain("`bundle-sha256` was not compared");
    for (const { summary } of [planned, first]) expect(summary).not.toContain("not compared");
  });

  it("is not tagged where the chart, which may come last, presets another tag", async () => {
    const { current } = world;
    writeBundles(current.folder);
    const entries = entriesOf(join(current.folder, "bundle"), "", ["containers"]).map((entry) =>
      entry.path === "charts/inference/values.yaml"
        ? { ...entry, content: Buffer.from(entry.content!.toString().replace(sampleTags.atlas, "other")) }
        : entry,
    );
    writeFileSync(join(current.folder, "other.tar.gz"), gzipSync(tarOf(entries)));
    const run = await current.push({ bundle: "other.tar.gz" });
    expect(failureOf(run)).toMatchObject({ code: "IMAGE_CHART_MISMATCH" });
    for (const repository of current.states.ecr.repositories.values()) expect(repository.tags.size).toBe(0);
  });
});
