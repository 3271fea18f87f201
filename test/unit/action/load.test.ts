import { describe, expect, it } from "vitest";
import { defineContract, type Located } from "../../../src/action/contract.ts";
import { bytes, choice, duration, flag, integer, list, map, secret, text } from "../../../src/action/inputs.ts";
import { type InputSources, loadInputs } from "../../../src/action/load.ts";
import { source } from "../../../src/action/references.ts";
import { UserError } from "../../../src/errors.ts";
import { testAmbient } from "../../support/context.ts";

const contract = defineContract({
  name: "example",
  title: "Example",
  description: "An example.",
  inputs: {
    bucket: text({ required: true, description: "", spec: "checkpoints.bucket" }),
    mode: choice(["fast", "safe"], { default: "safe", description: "" }),
    "dry-run": flag({ default: "false", description: "" }),
    concurrency: integer({ min: 1, max: 64, default: "16", description: "" }),
    timeout: duration({ default: "1h30m", description: "" }),
    memory: bytes({ default: "256MiB", description: "" }),
    only: list({ description: "" }),
    versions: map({ description: "" }),
    registry: text({ description: "", report: "push-images.registry", spec: "images.registry" }),
    "api-key": secret({ description: "" }),
    bundle: source({ description: "" }),
  },
  outputs: {},
});

function sources(
  inputs: Record<string, string>,
  more: { spec?: Record<string, unknown>; reports?: Record<string, unknown>; env?: Record<string, string> } = {},
): InputSources {
  const find =
    (from: Record<string, unknown> | undefined, origin: string) =>
    (path: string): Located | undefined =>
      from && path in from ? { value: from[path], origin: `${origin} ${path}` } : undefined;
  return {
    input: (name) => inputs[name],
    given: Object.keys(inputs),
    spec: find(more.spec, "spec"),
    report: find(more.reports, "report"),
    ambient: testAmbient(more.env),
  };
}

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown.problems.map((problem) => problem.happened);
    throw thrown;
  }
  throw new Error("nothing was wrong");
}

describe("loadInputs", () => {
  it("gives typed values, with defaults where nothing was given", () => {
    const { inputs } = loadInputs(contract, sources({ bucket: "acme", "dry-run": "TRUE" }));
    expect(inputs).toMatchObject({
      bucket: "acme",
      mode: "safe",
      dryRun: true,
      concurrency: 16,
      timeout: 5_400_000,
      memory: 256 * 2 ** 20,
    });
    expect(inputs.only).toEqual([]);
    expect(Object.isFrozen(inputs)).toBe(true);
  });

  it("takes input before report before spec before default", () => {
    const spec = { "images.registry": "from-spec", "checkpoints.bucket": "from-spec" };
    const reports = { "push-images.registry": "from-report" };
    const registry = (inputs: Record<string, string>, more: object) =>
      loadInputs(contract, sources({ bucket: "b", ...inputs }, more)).inputs.registry;
    expect(registry({ registry: "from-input" }, { spec, reports })).toBe("from-input");
    expect(registry({}, { spec, reports })).toBe("from-report");
    expect(registry({}, { spec })).toBe("from-spec");
    expect(registry({}, {})).toBeUndefined();
  });

  it("lists everything that is wrong at once, with allowed values and origin", () => {
    const problems = problemsOf(() =>
      loadInputs(
        contract,
        sources({ mode: "quick", "dry-run": "yes", concurrency: "0", timeout: "soon", memory: "lots" }),
      ),
    );
    expect(problems).toHaveLength(6);
    expect(problems[0]).toContain("bucket is missing: give the input bucket or checkpoints.bucket in the spec");
    expect(problems[1]).toContain('must be one of fast, safe; it is "quick" (from input mode)');
    expect(problems[3]).toContain("from 1 to 64");
  });

  it("names the nearest input for a misspelt one, as a warning", () => {
    const { findings } = loadInputs(contract, sources({ bucket: "b", concurency: "4" }));
    expect(findings).toEqual([
      expect.objectContaining({ code: "INPUT_UNKNOWN", level: "warning", next: "Did you mean concurrency?" }),
    ]);
  });

  it("reads maps and lists as YAML, JSON, lines and commas", () => {
    const versions = (raw: string) => loadInputs(contract, sources({ bucket: "b", versions: raw })).inputs.versions;
    for (const raw of ["a: '1'\nb: x", '{"a": "1", "b": "x"}', "a=1\nb=x"])
      expect(versions(raw)).toEqual({ a: "1", b: "x" });
    const only = (raw: string) => loadInputs(contract, sources({ bucket: "b", only: raw })).inputs.only;
    for (const raw of ["a, b", "- a\n- b", '["a","b"]']) expect(only(raw)).toEqual(["a", "b"]);
    expect(problemsOf(() => versions("a=1\na=2"))[0]).toContain("the key a twice");
  });

  it("keeps a secret out of text, JSON and inspection", () => {
    const key = loadInputs(contract, sources({ bucket: "b", "api-key": "canary-1" })).inputs.apiKey!;
    expect(`${key} ${JSON.stringify({ key })}`).not.toContain("canary");
    expect(key.reveal()).toBe("canary-1");
  });

  it("refuses a signed URL in plain text and takes it from a variable, showing only its file", () => {
    const signed = "https://acme.s3.amazonaws.com/bundle.tar?X-Amz-Signature=abc";
    expect(problemsOf(() => loadInputs(contract, sources({ bucket: "b", bundle: signed })))[0]).toContain("env:NAME");
    const { bundle } = loadInputs(
      contract,
      sources({ bucket: "b", bundle: "env:BUNDLE_URL" }, { env: { BUNDLE_URL: signed } }),
    ).inputs;
    expect(bundle).toMatchObject({ kind: "url", label: "bundle.tar (presigned, env:BUNDLE_URL)" });
    expect(JSON.stringify(bundle)).not.toContain("Signature");
    expect(problemsOf(() => loadInputs(contract, sources({ bucket: "b", bundle: "env:NONE" })))[0]).toContain(
      "which is not set",
    );
  });
});
