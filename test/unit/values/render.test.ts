import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { valuesFile } from "../../../src/values/document.ts";
import { renderedModels, renderValues } from "../../../src/values/render.ts";
import { guideValues, wanted } from "./support.ts";

/** Keys in order, at every depth: objects that are equal and written in the same order give equal text. */
const inOrder = (value: unknown) => JSON.stringify(value);

describe("renderValues", () => {
  it("renders the guide's example as the guide has it, in its order", () => {
    const { values, overridden } = renderValues(wanted());
    expect(inOrder(values)).toBe(inOrder(guideValues));
    expect(overridden).toEqual([]);
  });

  it("writes a file that reads back as the same data, and the same bytes whatever the order of the models", () => {
    const { values } = renderValues(wanted());
    const file = valuesFile(values);
    expect(parse(file.text, { version: "1.1" })).toEqual(guideValues);
    const turned = wanted({ models: [...wanted().models].reverse() });
    expect(valuesFile(renderValues(turned).values)).toEqual(file);
  });

  it("opens a listener on port 80 for a real redirect", () => {
    const { ingress } = wanted();
    const { values } = renderValues(wanted({ ingress: { ...ingress, httpRedirect: true } }));
    expect(values).toHaveProperty(
      ["ingress", "annotations", "alb.ingress.kubernetes.io/listen-ports"],
      '[{"HTTP":80},{"HTTPS":443}]',
    );
  });

  it.each([
    ["an existing account", { serviceAccount: { create: false, name: "inference" } }],
    ["an account of another name", { serviceAccount: { create: true, name: "models" } }],
    ["static keys", { s3: { secretName: "aws-credentials" } }],
  ])("takes %s over from ensure-irsa as it is", (_, identity) => {
    const { values } = renderValues(wanted({ identity }));
    expect(values).toMatchObject(identity);
    expect("serviceAccount" in values).toBe("serviceAccount" in identity);
  });

  it("turns the documentation site on with its host, and off without a trace", () => {
    expect(renderValues(wanted()).values).not.toHaveProperty("docs");
    const docs = { enabled: true, host: "docs.dev.example.com" };
    expect(renderValues(wanted({ docs })).values["docs"]).toEqual({
      enabled: true,
      ingressHost: "docs.dev.example.com",
    });
  });

  it("merges free values last and tells which rendered ones they replace", () => {
    const { values, overridden } = renderValues(
      wanted({ values: { image: { registry: "mirror.example.com" }, nodeSelector: { pool: "gpu" } } }),
    );
    expect(values).toMatchObject({ image: { registry: "mirror.example.com" }, nodeSelector: { pool: "gpu" } });
    expect(overridden.map(({ path }) => path.join("."))).toEqual(["image.registry"]);
  });

  it("tells of a model's own values and of annotations, too, where they replace a setting", () => {
    const { ingress, models } = wanted();
    const annotations = { "alb.ingress.kubernetes.io/scheme": "internal", "alb.ingress.kubernetes.io/tags": "a=b" };
    const [first, ...rest] = models;
    const changed = wanted({
      ingress: { ...ingress, annotations },
      models: [{ ...first!, values: { gpus: 8, extraArgs: [] } }, ...rest],
    });
    expect(renderValues(changed).overridden).toEqual([
      { path: ["ingress", "annotations", "alb.ingress.kubernetes.io/scheme"], from: "internet-facing", to: "internal" },
      { path: ["models", "laguna-m", "gpus"], from: 4, to: 8 },
    ]);
  });

  it("keeps models that stay as they are live among the others", () => {
    const live = { model: "s3://b/old", modelName: "Old", modelType: "agent", gpus: 2, ingressHost: "old.example.com" };
    const { values } = renderValues(wanted({ untouched: { "laguna-s": live } }));
    expect(Object.keys(values["models"] as object)).toEqual(["laguna-m", "laguna-s", "laguna-xs", "point"]);
    expect(renderedModels(values)[1]).toEqual({
      key: "laguna-s",
      host: "old.example.com",
      url: "https://old.example.com/v1",
      modelName: "Old",
      modelType: "agent",
      gpus: 2,
      prefix: "s3://b/old",
    });
  });

  it("writes the same bytes for a model that stays as it is live, whose values helm gives back by key", () => {
    const values = { tolerations: [{ operator: "Exists", key: "gpu" }], extraArgs: ["--x"] };
    const [first, ...rest] = wanted().models;
    const whole = renderValues(wanted({ models: [{ ...first!, extraHosts: ["b.dev.example.com"], values }, ...rest] }));
    const live = (whole.values["models"] as Record<string, object>)["laguna-m"]!;
    const back = Object.fromEntries(Object.entries(live).sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(Object.keys(back)).not.toEqual(Object.keys(live));
    const part = renderValues(wanted({ models: rest, untouched: { "laguna-m": back } }));
    expect(valuesFile(part.values).text).toBe(valuesFile(whole.values).text);
  });
});
