import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { folder, removeFolder, run } from "./support.ts";

const file = join(folder, "eks-deploy.yaml");

beforeEach(() => rmSync(file, { force: true }));
afterAll(removeFolder);

function layBundle(values: string): void {
  const chart = join(folder, "bundle/charts/inference");
  mkdirSync(chart, { recursive: true });
  writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: inference\nversion: 1.0.0\n");
  writeFileSync(join(chart, "values.yaml"), values);
}

describe("spec init", () => {
  it("writes a first spec with the models of the chart, which spec check takes", async () => {
    layBundle("models:\n  point: { modelName: Point, modelType: completion, gpus: 1 }\n");
    const { code, stdout } = await run(["spec", "init", "--bundle", "./bundle", "--aws-region", "eu-west-1"]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("with the models point") });
    expect(readFileSync(file, "utf8")).toContain("eu-west-1");
    expect(await run(["spec", "check"])).toMatchObject({ code: 0, stdout: expect.stringContaining("is valid") });
  });

  it("never writes over a file", async () => {
    writeFileSync(file, "mine");
    const { code, stderr } = await run(["spec", "init"]);
    expect(code).toBe(1);
    expect(stderr).toContain("CLI_SPEC_EXISTS");
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("says that a bundle is no folder", async () => {
    expect(await run(["spec", "init", "--bundle", "./nowhere"])).toMatchObject({ code: 2 });
  });
});

describe("spec check", () => {
  it("tells every problem with its line", async () => {
    writeFileSync(file, "version: 1\ndefaults:\n  clutser: poolside\n  models:\n    A_B: {}\n");
    const { code, stderr } = await run(["spec", "check"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /error SPEC_INVALID eks-deploy\.yaml:3:3\n {2}defaults: there is no key clutser; did you mean cluster\?/,
    );
    expect(stderr).toContain("eks-deploy.yaml:5:5");
  });

  it("wants a spec", async () => {
    expect(await run(["spec", "check"])).toMatchObject({ code: 2, stderr: expect.stringContaining("spec init") });
  });
});

describe("spec explain", () => {
  it("tells what a key means, which input it fills and what it is here", async () => {
    writeFileSync(file, 'version: 1\ndefaults:\n  aws: { account: "210987654321" }\nenvironments:\n  dev: {}\n');
    const { stdout } = await run(["spec", "explain", "aws.account", "-e", "dev"]);
    expect(stdout).toContain("input: word");
    expect(stdout).toContain('aws.account = "210987654321"  (eks-deploy.yaml:3:');
  });

  it("suggests the nearest key", async () => {
    expect((await run(["spec", "explain", "aws.acount"])).stdout).toContain("Did you mean aws.account?");
  });

  it.each([[["spec"]], [["spec", "chek"]], [["spec", "explain"]]])("refuses %j", async (args) => {
    expect((await run(args)).code).toBe(2);
  });
});
