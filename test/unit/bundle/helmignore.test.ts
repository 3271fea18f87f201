import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { helm } from "../../../sandbox/tools.ts";
import { chartFolderFiles } from "../../../src/bundle/chart-folder.ts";
import { ChartPieces } from "../../../src/bundle/chart-pieces.ts";
import { unpackChart } from "../../../src/bundle/chart-unpack.ts";

let folder: string;
let program: string;
const paths = [
  ...["README.md", ".git/config", "templates/deployment.yaml", "templates/_helpers.tpl", "templates/.hidden.yaml"],
  ...["templates/tests/check.yaml", "docs/a.md", "docs/deep/a.md", "docs/deep/b.txt", "docs/[x].txt", "notes.txt"],
  ...["a.bak", "files/a.bak", "files/b.tmp", "files/c1.log", "files/cx.log", "files/docs/z.md"],
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-ignore-"));
  program = await helm(3);
  const chart = "apiVersion: v2\nname: sample\nversion: 1.0.0\n";
  for (const [path, content] of [
    ["Chart.yaml", chart],
    ["values.yaml", "{}\n"],
    ...paths.map((path) => [path, "# x\n"]),
  ]) {
    mkdirSync(dirname(join(folder, "sample", path!)), { recursive: true });
    writeFileSync(join(folder, "sample", path!), content!);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What helm packs of the folder. */
async function packed(): Promise<readonly string[]> {
  const env = { HOME: folder, PATH: process.env["PATH"] ?? "" };
  execFileSync(program, ["package", join(folder, "sample"), "-d", folder], { env, stdio: "pipe" });
  return [...(await unpackChart(readFileSync(join(folder, "sample-1.0.0.tgz")), "sample.tgz")).keys()].sort();
}

describe("a chart's folder is packed as helm packs it", () => {
  it.each([
    ["no rules at all", ""],
    ["names and comments", "# what editors leave\n*.bak\n.git\n\nnotes.txt"],
    ["folders", ".git/\ndocs/"],
    ["a folder's name that is a file's, too", "notes.txt/\nREADME.md/"],
    ["paths from the top", "/docs/a.md\n/a.bak\ndocs/deep/*.txt"],
    ["a path that is not from the top", "deep/a.md\ntests"],
    ["wild cards that stop at slashes", "docs/*.md\nfiles/c?.log\n*.t?p"],
    ["classes", "files/c[0-9].log\ndocs/\\[x\\].txt"],
    ["negated classes", "files/c[^0-9].log"],
    ["a negated rule, which leaves out what it does not match", "!*\n*.bak"],
    ["Windows' ends of lines, and a mark of the byte order", "\ufeff*.bak\r\ndocs\r\n"],
  ])("%s", async (_name, rules) => {
    writeFileSync(join(folder, "sample/.helmignore"), rules);
    const expected = await packed();
    const found = await chartFolderFiles(join(folder, "sample"), "sample");
    expect([...found.keys()].sort()).toEqual(expected);
    const pieces = new ChartPieces("bundle.tar");
    for (const path of ["Chart.yaml", "values.yaml", ...paths]) {
      pieces.add(`sample/${path}`, readFileSync(join(folder, "sample", path)));
    }
    pieces.add("sample/.helmignore", Buffer.from(rules));
    expect([...(await pieces.chart())!.files.keys()].sort()).toEqual(expected);
  });

  it.each(["**/x", "a[", "b\\"])("and a pattern that helm refuses is refused: %s", async (rules) => {
    writeFileSync(join(folder, "sample/.helmignore"), rules);
    await expect(packed()).rejects.toThrow();
    await expect(chartFolderFiles(join(folder, "sample"), "sample")).rejects.toMatchObject({ code: "CHART_INVALID" });
  });
});
