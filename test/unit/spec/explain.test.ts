import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import type { Contract } from "../../../src/action/contract.ts";
import { actionNames } from "../../../src/action-names.ts";
import { allKeys, explainKey, keyRule } from "../../../src/spec/explain.ts";
import { firstSpec } from "../../../src/spec/init.ts";
import { resolveSpec } from "../../../src/spec/load.ts";
import { specSchema } from "../../../src/spec/schema.ts";
import { problemsOf, wholeSpec } from "./support.ts";

describe("the schema", () => {
  it("is a valid JSON Schema of 2020-12, strictly", () => {
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
    expect(ajv.validateSchema(specSchema()), JSON.stringify(ajv.errors)).toBe(true);
    expect(() => ajv.compile(specSchema())).not.toThrow();
  });

  it("has the same defaults as the inputs that a key fills", async () => {
    for (const name of actionNames) {
      const { contract } = (await import(`../../../src/actions/${name}/contract.ts`)) as { contract: Contract };
      for (const [input, { spec, default: usual }] of Object.entries(contract.inputs)) {
        const rule = typeof spec === "string" ? keyRule(spec) : undefined;
        if (rule?.default === undefined || usual === undefined) continue;
        const said =
          typeof rule.default === "object"
            ? usual === "" || usual === JSON.stringify(rule.default)
            : String(rule.default) === usual;
        expect(said, `${name} ${input}: ${usual}, schema: ${JSON.stringify(rule.default)}`).toBe(true);
      }
    }
  });

  it("describes every key, with an example", () => {
    const silent = allKeys().filter((key) => {
      const rule = keyRule(key)!;
      return !/^.{8,}[.]$/.test(rule.description) || rule.example === undefined;
    });
    expect(silent).toEqual([]);
    expect(allKeys().length).toBeGreaterThan(90);
  });

  it("holds its own examples and defaults for valid", () => {
    for (const key of allKeys()) {
      const { example, default: usual } = keyRule(key)!;
      const path = key.replace("<key>", "point").split(".");
      for (const value of [example, usual]) {
        if (value === undefined) continue;
        const layer = path.reduceRight<unknown>((inner, part) => ({ [part]: inner }), value);
        expect(problemsOf(JSON.stringify({ version: 1, defaults: layer })), key).toEqual([]);
      }
    }
  });
});

describe("explainKey", () => {
  const { resolved } = resolveSpec(wholeSpec, "eks-deploy.yaml", "production");

  it("tells meaning, allowed values, input, and the value with its line", () => {
    expect(explainKey("ingress.scheme", resolved, "scheme")).toEqual([
      "ingress.scheme: Who reaches the models: the VPC, or the internet.",
      "  allowed: one of internal, internet-facing",
      '  example: "internal"',
      "  input: scheme",
      '  ingress.scheme = "internal"  (eks-deploy.yaml:12:22)',
    ]);
  });

  it("tells of a section every value that it holds, each with the layer that said it", () => {
    const lines = explainKey("models.laguna-m", resolved, undefined);
    expect(lines).toContain('  models.laguna-m.host = "laguna-m.example.com"  (eks-deploy.yaml:27:33)');
    expect(lines).toContain("  models.laguna-m.gpus = 4  (eks-deploy.yaml:16:110)");
  });

  it("says what is not set, and finds the nearest key for one that does not exist", () => {
    expect(explainKey("deploy.hostedZoneId", resolved, undefined).at(-1)).toBe("  not set");
    expect(explainKey("ingres.scheme", resolved, undefined)).toEqual([
      "There is no key ingres.scheme. Did you mean ingress.scheme?",
    ]);
  });
});

describe("firstSpec", () => {
  const text = firstSpec({
    bundle: "./poolside-2611",
    region: "us-east-2",
    models: [{ key: "laguna-m", modelName: "Laguna", modelType: "agent", gpus: undefined }],
  });

  it("is valid as it is written, and names the schema for editors", () => {
    expect(text).toMatch(/^# yaml-language-server: \$schema=https:/);
    expect(problemsOf(text, "dev")).toEqual([]);
    expect(resolveSpec(text, "s", "dev").find("models.laguna-m")?.value).not.toHaveProperty("gpus");
  });

  it("stays valid when any of its comments is taken in", () => {
    const lines = text.split("\n");
    const keys = lines.flatMap((line, index) => (/^\s+# \w+: /.test(line) ? [index] : []));
    expect(keys.length).toBeGreaterThan(10);
    for (const index of keys) {
      const changed = lines.with(index, lines[index]!.replace("# ", ""));
      expect(problemsOf(changed.join("\n"), "dev"), lines[index]).toEqual([]);
    }
  });
});
