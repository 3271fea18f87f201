import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { type Entry, tarOf } from "../../../sandbox/sample/tar.ts";
import { keepChart } from "../../../src/bundle/chart-cache.ts";
import { openChart } from "../../../src/bundle/open-chart.ts";
import { testContext } from "../../support/context.ts";

let folder: string;
let means: Parameters<typeof openChart>[1];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-chart-"));
  const ctx = testContext({ ambient: { workspace: folder, temp: join(folder, "temp") } });
  means = { ctx, aws: () => Promise.reject(new Error("no AWS here")) };
  writeSampleBundle(join(folder, "bundle"), 0.001);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tgz(entries: readonly Entry[], file = "chart.tgz"): string {
  writeFileSync(join(folder, file), gzipSync(tarOf(entries)));
  return file;
}

const minimal = { path: "c/Chart.yaml", content: Buffer.from("name: c\nversion: 1.0.0\n") };

describe("openChart", () => {
  it("gives the same archive from the bundle, the chart's folder, a .tgz of another packer, and its own archive", async () => {
    const fromBundle = await openChart("./bundle", means);
    const fromFolder = await openChart("bundle/charts/inference/", means);
    execFileSync("tar", ["-czf", join(folder, "gnu.tgz"), "-C", join(folder, "bundle/charts"), "inference"]);
    const fromTgz = await openChart("gnu.tgz", means);
    writeFileSync(join(folder, "own.tgz"), fromBundle.archive.bytes);
    const fromOwn = await openChart("own.tgz", means);
    execFileSync("tar", ["-cf", join(folder, "bundle.tar"), "-C", folder, "bundle"]);
    const fromTar = await openChart("bundle.tar", means);
    const digests = [fromBundle, fromFolder, fromTgz, fromOwn, fromTar].map(({ archive }) => archive.sha256);
    expect(new Set(digests).size).toBe(1);
    expect(fromBundle).toMatchObject({ name: "inference", values: { image: { name: "atlas" } } });
  });

  it("takes a chart in records from this runner where an earlier step kept it, without AWS", async () => {
    const chart = await openChart("bundle", means);
    await keepChart(chart, means.ctx);
    const again = await openChart(`s3://acme-models-dev/eks-deploy/charts/${chart.archive.sha256}.tgz`, means);
    expect(again.archive.sha256).toBe(chart.archive.sha256);
  });

  it("refuses a chart whose bytes are not those of its name", async () => {
    mkdirSync(join(folder, "charts"));
    const place = `charts/${"0".repeat(64)}.tgz`;
    tgz([minimal], place);
    await expect(openChart(place, means)).rejects.toMatchObject({ code: "CHART_ALTERED" });
  });

  it("reads values as helm does, by YAML 1.1", async () => {
    const values = { path: "c/values.yaml", content: Buffer.from("on: yes\nmode: 0o17\nport: 017\n") };
    expect((await openChart(tgz([minimal, values]), means)).values).toMatchObject({ true: true, port: 15 });
  });

  it("leaves dates and numbers to the base 60 the text that they are, as helm does", async () => {
    const values = { path: "c/values.yaml", content: Buffer.from("tag: 2026-11-26\nat: 12:30\n") };
    expect((await openChart(tgz([minimal, values]), means)).values).toEqual({ tag: "2026-11-26", at: "12:30" });
  });

  it.each<[string, readonly Entry[], string]>([
    ["two top folders", [minimal, { path: "d/Chart.yaml", content: Buffer.from("name: d") }], "CHART_INVALID"],
    ["no Chart.yaml", [{ path: "c/values.yaml", content: Buffer.from("a: 1") }], "CHART_INVALID"],
    ["a broken Chart.yaml", [{ path: "c/Chart.yaml", content: Buffer.from("name: [") }], "CHART_INVALID"],
    ["a list as values", [minimal, { path: "c/values.yaml", content: Buffer.from("- 1") }], "CHART_INVALID"],
    ["a file above helm's limit", [minimal, { path: "c/big", content: Buffer.alloc(6 * 2 ** 20) }], "CHART_INVALID"],
    ["a path that leads out", [minimal, { path: "c/../../x", content: Buffer.from("") }], "TAR_PATH_UNSAFE"],
    ["a file twice", [minimal, minimal], "TAR_DUPLICATE"],
  ])("refuses an archive with %s", async (_, entries, code) => {
    await expect(openChart(tgz(entries), means)).rejects.toMatchObject({ code });
  });

  it("refuses what is no gzip, a link in a folder, and a place without a chart", async () => {
    writeFileSync(join(folder, "x.tgz"), "not a gzip");
    await expect(openChart("x.tgz", means)).rejects.toMatchObject({ code: "CHART_INVALID" });
    symlinkSync("/etc/passwd", join(folder, "bundle/charts/inference/templates/link.yaml"));
    await expect(openChart("bundle", means)).rejects.toMatchObject({ code: "CHART_INVALID" });
    await expect(openChart("nowhere", means)).rejects.toMatchObject({ code: "CHART_NOT_FOUND" });
    await expect(openChart(".", means)).rejects.toMatchObject({ code: "CHART_NOT_FOUND" });
  });

  it("takes the chart inference of several, and asks where it is not clear", async () => {
    const two = ["a", "b"].map((name) => ({
      path: `charts/${name}/Chart.yaml`,
      content: Buffer.from(`name: ${name}`),
    }));
    const archive = { path: "containers/atlas__1.tar", content: tarOf([]) };
    writeFileSync(join(folder, "two.tar"), tarOf([archive, ...two]));
    await expect(openChart("two.tar", means)).rejects.toThrow(/two.tar holds several charts: a, b.\nLeave one/);

    const other = join(folder, "bundle/charts/other");
    mkdirSync(other);
    writeFileSync(join(other, "Chart.yaml"), "name: other\nversion: 1.0.0\n");
    expect((await openChart("bundle", means)).name).toBe("inference");
    rmSync(join(folder, "bundle/charts/inference"), { recursive: true });
    expect((await openChart("bundle", means)).name).toBe("other");
    mkdirSync(join(folder, "bundle/charts/third"));
    writeFileSync(join(folder, "bundle/charts/third/Chart.yaml"), "name: third\nversion: 1.0.0\n");
    await expect(openChart("bundle", means)).rejects.toThrow(/other, third/);
  });
});
