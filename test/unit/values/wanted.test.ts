import { describe, expect, it } from "vitest";
import type { Located } from "../../../src/action/contract.ts";
import { asModels } from "../../../src/values/model.ts";
import { renderedModels, renderValues } from "../../../src/values/render.ts";
import type { RenderSettings } from "../../../src/values/settings.ts";
import { wantedOf } from "../../../src/values/wanted.ts";
import { certificateArn, nowhere, registry } from "./support.ts";

const model = { modelName: "Point", modelType: "completion", gpus: 1, host: "point.example.com" };
const settings = (over: Partial<RenderSettings> = {}): RenderSettings => ({
  bundle: undefined,
  chart: undefined,
  registry,
  imageDigests: {},
  prefixes: {},
  identityValues: { serviceAccount: { create: true } },
  models: asModels({ point: model }),
  certificateArn,
  scheme: "internal",
  groupName: "poolside",
  httpRedirect: false,
  authenticationSecret: "",
  values: {},
  allowPublicWithoutKey: false,
  checkAws: true,
  namespace: "poolside-models",
  release: "inference",
  helmVersion: ">=3.12",
  output: "inference_values.yaml",
  only: [],
  environment: undefined,
  records: undefined,
  fromRecord: undefined,
  ...over,
});
const recorded = { chart: "s3://b/charts/x.tgz", prefixes: { point: "s3://b/proven/" }, images: {} };

describe("wantedOf", () => {
  const prefix = (over: Partial<RenderSettings>, record?: typeof recorded) =>
    wantedOf(settings(over), registry, undefined, record, nowhere).prefixes["point"];
  const own = asModels({ point: { ...model, prefix: "s3://b/own/" } });

  it("takes the spec's prefix as it was written, a synced one without its slash", () => {
    expect(prefix({ prefixes: { point: "s3://b/synced/" } })).toBe("s3://b/synced");
    expect(prefix({ models: own, prefixes: { point: "s3://b/synced/" } })).toBe("s3://b/own/");
  });

  it("takes proven prefixes with a record: where they were copied to, else where they were proven", () => {
    expect(prefix({ models: own, prefixes: { point: "s3://c/copied" } }, recorded)).toBe("s3://c/copied");
    expect(prefix({ models: own }, recorded)).toBe("s3://b/proven");
    expect(prefix({ models: own }, { ...recorded, prefixes: {} as never })).toBe("s3://b/own/");
  });

  it("names every model whose prefix is not known", () => {
    expect(() => prefix({ models: asModels({ a: model, b: model }) })).toThrow(
      expect.objectContaining({ code: "VALUES_NO_PREFIX", happened: "No prefix is known for a, b." }),
    );
  });

  it("refuses a key in `only` that no model has", () => {
    expect(() => prefix({ only: ["poimt"], prefixes: { point: "s3://b/p" } })).toThrow(
      expect.objectContaining({ code: "VALUES_ONLY_UNKNOWN" }),
    );
  });

  it("takes docs and annotations from the spec", () => {
    const spec: Record<string, unknown> = {
      "ingress.annotations": { "alb.ingress.kubernetes.io/tags": "team=ml" },
      "docs.enabled": true,
      "docs.host": "docs.example.com",
    };
    const find = (path: string): Located | undefined =>
      path in spec ? { value: spec[path], origin: path } : undefined;
    const { values } = renderValues(
      wantedOf(settings({ prefixes: { point: "s3://b/p" } }), registry, undefined, undefined, find),
    );
    expect(values).toMatchObject({
      docs: { enabled: true, ingressHost: "docs.example.com" },
      ingress: { annotations: { "alb.ingress.kubernetes.io/tags": "team=ml" } },
    });
    expect(renderedModels(values)).toHaveLength(1);
  });
});

describe("asModels", () => {
  it.each([
    [[], "must be a map"],
    [{}, "names no model"],
    [{ a: "b" }, "must hold a map for the model a"],
    [{ a: { ...model, gpu: 1 } }, "gives a the key gpu"],
    [{ a: { ...model, gpus: undefined } }, "it is never guessed"],
    [{ a: { ...model, gpus: 1.5 } }, "no whole number of gpus"],
    [{ a: { ...model, host: "" } }, "has no host for the model a"],
    [{ a: { ...model, extraHosts: "x" } }, "no list of host names"],
    [{ a: { ...model, values: [] } }, "values that are no map"],
  ])("refuses %j: %s", (value, words) => {
    expect(() => asModels(value)).toThrow(words);
  });
});
