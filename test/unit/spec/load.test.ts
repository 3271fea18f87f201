import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sampleSpec } from "../../../sandbox/sample/spec.ts";
import { loadSpec, resolveSpec } from "../../../src/spec/load.ts";
import { testContext } from "../../support/context.ts";
import { layer, problemsOf, wholeSpec } from "./support.ts";

const find = (path: string, environment?: string) => resolveSpec(wholeSpec, "eks-deploy.yaml", environment).find(path);

describe("resolveSpec", () => {
  it("takes every section that the documentation shows, in every environment", () => {
    for (const environment of [undefined, "dev", "staging", "production"])
      expect(problemsOf(wholeSpec, environment)).toEqual([]);
  });

  it("takes the sample's spec", () => {
    const checkpoints = { "laguna-m": "./a.tar", "laguna-xs": "./b.tar", point: "./c.tar" };
    const names = { region: "us-east-2", account: "210987654321", cluster: "poolside", bucket: "acme-models-dev" };
    const certificateArn = "arn:aws:acm:us-east-2:210987654321:certificate/0f1e";
    expect(problemsOf(sampleSpec({ ...names, certificateArn, bundle: "./bundle", checkpoints }), "dev")).toEqual([]);
  });

  it("lays the environment on the defaults: maps merge, plain values replace", () => {
    expect(find("aws.account")?.value).toBe("210987654321");
    expect(find("aws", "production")?.value).toEqual({
      region: "us-east-2",
      account: "310987654321",
      roles: {
        plan: "arn:aws:iam::310987654321:role/plan",
        transfer: "arn:aws:iam::210987654321:role/transfer",
        deploy: "arn:aws:iam::210987654321:role/deploy",
      },
    });
    expect(find("models.laguna-m", "production")?.value).toMatchObject({ gpus: 4, host: "laguna-m.example.com" });
    expect(find("cluster.name", "production")?.value).toBe("poolside-prod");
  });

  it("says of every value where it was written, whichever layer it came from", () => {
    expect(find("models.laguna-m.host", "production")?.origin).toBe("eks-deploy.yaml:27:33");
    expect(find("models.laguna-m.gpus", "production")?.at).toEqual({ file: "eks-deploy.yaml", line: 16, column: 110 });
    expect(find("nothing.here")).toBeUndefined();
  });

  it("finds keys that hold dots themselves", () => {
    const text = layer("ingress:\n  annotations:\n    alb.ingress.kubernetes.io/scheme: internal\n    a.b: c");
    const spec = resolveSpec(text, "s.yaml", undefined);
    expect(spec.find("ingress.annotations.alb.ingress.kubernetes.io/scheme")?.origin).toBe("s.yaml:5:41");
    expect(spec.find("ingress.annotations.a.b")?.value).toBe("c");
    expect(spec.find("ingress.annotations.a")).toBeUndefined();
  });

  it("reads files with CRLF and a byte order mark", () => {
    const text = `\ufeff${wholeSpec.replaceAll("\n", "\r\n")}`;
    expect(resolveSpec(text, "s.yaml", "production").find("models.point.host")).toMatchObject({
      value: "point.example.com",
      at: { line: 27 },
    });
  });

  it("removes with null, a whole model as well as a key, and refuses both sources of one model", () => {
    const text = `${wholeSpec}  lab:\n    records: null\n    models: { point: null, laguna-m: { checkpoint: null, prefix: "s3://acme-models-dev/m/" } }\n`;
    const spec = resolveSpec(text, "eks-deploy.yaml", "lab");
    expect(spec.find("records")).toBeUndefined();
    expect(Object.keys(spec.find("models")!.value as object)).toEqual(["laguna-m"]);
    expect(spec.find("models.laguna-m.checkpoint")).toBeUndefined();
    expect(problemsOf(text.replace("checkpoint: null, ", ""), "lab")).toEqual([
      expect.stringContaining("models.laguna-m has both a checkpoint (eks-deploy.yaml:16:29) and a prefix"),
    ]);
  });

  it("names the known environments for an unknown one", () => {
    expect(() => resolveSpec(wholeSpec, "eks-deploy.yaml", "prodution")).toThrow(
      expect.objectContaining({
        code: "SPEC_ENVIRONMENT_UNKNOWN",
        happened: "The spec eks-deploy.yaml has no environment prodution. It has dev, staging, production.",
        next: "Did you mean environment: production?",
      }),
    );
  });

  it("keeps expressions of GitHub and of Go templates as data", () => {
    const text = layer("values: { a: '${{ secrets.X }}', b: '{{ .Values.y }}' }");
    expect(resolveSpec(text, "s", undefined).find("values")?.value).toEqual({
      a: "${{ secrets.X }}",
      b: "{{ .Values.y }}",
    });
  });
});

describe("the schema", () => {
  it("tells everything that is wrong at once, on its line, with the nearest key", () => {
    const text = layer(
      [
        "aws: { region: nowhere, account: 210987654321 }",
        "ingress: { schema: internal, httpRedirect: maybe }",
        "deploy: { timeout: soon, onFailure: explode }",
        "models:",
        "  Laguna_M: { gpu: 4, gpus: four }",
        "smoke: { samples: 500 }",
      ].join("\n"),
    );
    expect(problemsOf(text)).toEqual([
      '3:18 defaults.aws.region must look like us-east-2; it is "nowhere"',
      '3:36 defaults.aws.account must be text; it is 210987654321, without quotes: write "210987654321"',
      "4:14 defaults.ingress: there is no key schema; did you mean scheme?",
      '4:46 defaults.ingress.httpRedirect must be true or false; it is "maybe"',
      '5:22 defaults.deploy.timeout must look like 60m; it is "soon"',
      '5:39 defaults.deploy.onFailure must be one of rollback, keep; it is "explode"',
      expect.stringMatching(/^7:5 defaults.models: "Laguna_M" cannot be a key here/),
      "7:17 defaults.models.Laguna_M: there is no key gpu; did you mean gpus?",
      '7:31 defaults.models.Laguna_M.gpus must be a whole number; it is "four"',
      "8:21 defaults.smoke.samples must be from 1 to 50; it is 500",
    ]);
  });

  it("tells what YAML makes doubtful together with what the schema does not allow elsewhere, each place once", () => {
    const text = `version: 1\ndefaults:\n  ingress:\n    httpRedirect: NO\n    scheem: internal\n`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^4:.*NO means false/),
      expect.stringMatching(/^5:.*there is no key scheem; did you mean scheme/),
    ]);
  });

  it("checks every environment, whichever is asked for", () => {
    const text = wholeSpec.replace("minSoak: 24h", "minSoak: forever");
    expect(problemsOf(text, "dev")).toEqual([expect.stringContaining("environments.production.promotion.minSoak")]);
  });

  it("allows secrets only by reference", () => {
    expect(problemsOf(layer("authentication: { keyFrom: hunter2 }"))).toEqual([
      expect.stringContaining("must look like secretsmanager:"),
    ]);
    expect(problemsOf(layer("authentication: { key: hunter2 }"))).toHaveLength(1);
  });

  it("asks for the version and leaves keys that begin with x- alone", () => {
    expect(problemsOf("defaults: {}")).toEqual(["1:1 the key version is missing"]);
    expect(problemsOf("version: 2")).toEqual(["1:10 version must be 1; it is 2"]);
    expect(problemsOf("version: 1\nx-shared: &a { anything: [1, {}] }\n")).toEqual([]);
  });
});

describe("loadSpec", () => {
  let workspace: string;
  beforeEach(() => {
    workspace = mkdtempSync(join(tmpdir(), "eks-deploy-spec-"));
  });
  afterEach(() => rmSync(workspace, { recursive: true, force: true }));
  const load = (input?: string, environment?: string) =>
    loadSpec(input, environment, testContext({ ambient: { workspace } }));

  it("reads eks-deploy.yaml where it is there, and nothing where it is not", async () => {
    expect(await load()).toBeUndefined();
    expect(await load("", "dev")).toBeUndefined();
    writeFileSync(join(workspace, "eks-deploy.yaml"), wholeSpec);
    expect((await load("", "production"))?.find("cluster")?.origin).toBe("eks-deploy.yaml:25:14");
  });

  it("shows the file as the input names it, and refuses one that is not there", async () => {
    writeFileSync(join(workspace, "other.yaml"), wholeSpec);
    expect((await load("./other.yaml"))?.find("release")?.origin).toBe("other.yaml:6:12");
    await expect(load("missing.yaml")).rejects.toMatchObject({ code: "SPEC_NOT_FOUND" });
  });
});
