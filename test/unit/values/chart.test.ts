import { describe, expect, it } from "vitest";
import type { Chart } from "../../../src/bundle/chart.ts";
import { chartFindings, refuseStack } from "../../../src/values/check/chart.ts";
import { renderValues } from "../../../src/values/render.ts";
import { nowhere, sampleChart, wanted } from "./support.ts";

/** The sample's chart without its schema: what is known then is values.yaml and the templates. */
const bare = (): Chart => ({ ...sampleChart(), schema: undefined });
const told = (values: Readonly<Record<string, unknown>>, chart = bare()) =>
  chartFindings(values, chart, nowhere).map(({ code, happened, next }) => `${code} ${happened} ${next}`);

describe("chartFindings", () => {
  it.each([
    ["with its schema", sampleChart()],
    ["without a schema", bare()],
  ])("finds nothing in the guide's example, for the sample's chart %s", (_, chart) => {
    const full = wanted({
      docs: { enabled: true, host: "docs.dev.example.com" },
      models: wanted().models.map((model) => ({
        ...model,
        extraHosts: ["a.example.com"],
        values: { extraArgs: ["-x"] },
      })),
      values: { nodeSelector: { pool: "gpu" }, global: { a: 1 }, podAnnotations: { b: "c" } },
    });
    expect(told(renderValues(full).values, chart)).toEqual([]);
  });

  it("refuses keys that the chart does not know, with the nearest that it knows", () => {
    const { values } = renderValues(
      wanted({ values: { nodeSelctor: {}, serviceAccount: { anotations: {} }, models: { point: { extraArg: [] } } } }),
    );
    expect(told(values)).toEqual([
      expect.stringContaining("no key nodeSelctor; helm would ignore it. Did you mean nodeSelector?"),
      expect.stringContaining(
        "no key serviceAccount.anotations; helm would ignore it. Did you mean serviceAccount.annotations?",
      ),
      expect.stringContaining(
        "no key models.point.extraArg; helm would ignore it. Did you mean models.point.extraArgs?",
      ),
    ]);
  });

  it("takes any key of a section that a template takes whole", () => {
    expect(told(renderValues(wanted({ values: { podSecurityContext: { fsGroup: 1 } } })).values)).toEqual([]);
  });

  it("refuses to set a key for a chart that never asks for one", () => {
    const chart = { ...bare(), files: new Map(), values: { ...bare().values } };
    delete (chart.values as Record<string, unknown>)["authentication"];
    const without = told(renderValues(wanted()).values, chart);
    expect(without).toContainEqual(expect.stringContaining("VALUES_CHART_KEY The chart knows no key authentication"));
  });

  it("tells everything that the schema does not allow", () => {
    const { values } = renderValues(wanted({ values: { service: { port: 0 }, image: { pullPolicy: "Sometimes" } } }));
    const lines = told(values, sampleChart());
    expect(lines).toEqual([
      expect.stringContaining("does not allow image.pullPolicy: it must be one of Always, IfNotPresent, Never"),
      expect.stringContaining("does not allow service.port: it must be >= 1"),
    ]);
  });

  it("leaves a schema that cannot be used to helm, and says so", () => {
    const chart = { ...sampleChart(), schema: { $ref: "https://example.com/elsewhere.json" } };
    expect(chartFindings(renderValues(wanted()).values, chart, nowhere)).toEqual([
      expect.objectContaining({ code: "VALUES_NOT_LOOKED_AT", level: "warning" }),
    ]);
  });

  it("refuses a chart that does not say which image runs", () => {
    const { values } = renderValues(wanted({ values: { image: { name: null } } }));
    expect(told(values)).toEqual([expect.stringContaining("VALUES_CHART_PRESET")]);
  });
});

describe("refuseStack", () => {
  it.each([
    ["by name", { "Chart.yaml": "apiVersion: v2\nname: inference-stack\nversion: 1.0.0\n" }],
    ["by its shape", { "values.yaml": "inference:\n  models: {}\n" }],
  ])("knows the platform's chart %s", (_, files) => {
    expect(() => refuseStack(sampleChart(files))).toThrow(expect.objectContaining({ code: "VALUES_CHART_STACK" }));
    expect(() => refuseStack(sampleChart())).not.toThrow();
  });
});
