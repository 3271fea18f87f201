import { afterEach, describe, expect, it } from "vitest";
import { agent, completion, findings, key, type Models, named, startModels } from "./support.ts";

let models: Models;
afterEach(async () => {
  await models.close();
  expect(models.defects).toEqual([]);
});

describe("a healthy model", () => {
  it.each([agent, completion])("passes every check: $modelType", async (target) => {
    models = await startModels();
    const result = await models.smoke(target, { tools: true, expect: { agent: "def reverse", completion: "def" } });
    expect(findings(result)).toEqual([]);
    expect(result.verdict).toBe("pass");
    expect(result.checks.map(({ name }) => name)).toEqual([
      "TCP",
      "TLS",
      "health",
      "no key",
      "wrong key",
      "no key, completion",
      "models",
      "answer",
      "stream",
      "wrong model",
      ...(target === agent ? ["tool call"] : []),
      "open paths",
      "HTTP",
      "pods",
    ]);
    expect(named(result, "pods")).toMatchObject({ result: "not looked at", seen: "no cluster was given" });
    expect(result.timings).toMatchObject({ samples: 2 });
    expect(result.answer).toContain("def reverse(text)");
  });

  it("is asked in few tokens, and never to think", async () => {
    models = await startModels();
    const bodies: Record<string, unknown>[] = [];
    models.routed = (host) => async (call) => {
      if (call.method === "POST" && call.path.startsWith("/v1/"))
        bodies.push(JSON.parse((await call.body()).toString()) as Record<string, unknown>);
      return models.answer(host, call);
    };
    await models.smoke(agent, { tools: true });
    expect(bodies.length).toBeGreaterThan(4);
    expect(Math.max(...bodies.map((body) => Number(body["max_tokens"])))).toBeLessThanOrEqual(96);
    for (const body of bodies) expect(body).toMatchObject({ chat_template_kwargs: { enable_thinking: false } });
  });

  it("fails where it is asked for another answer, with the expression", async () => {
    models = await startModels();
    expect(findings(await models.smoke(agent, { expect: { agent: "^class " } }))).toEqual([
      "answer: SMOKE_ANSWER: the answer does not match ^class ",
    ]);
  });

  it("is degraded when it is slower than a threshold, and does not fail", async () => {
    models = await startModels();
    models.suffer({ kind: "slow", firstToken: 30, token: 1 });
    const result = await models.smoke(agent, { thresholds: { "first-token-ms": 5 } });
    expect(result.verdict).toBe("degraded");
    expect(named(result, "first-token-ms")).toMatchObject({ result: "degraded", code: "SMOKE_SLOW" });
  });

  it("keeps the key out of what is told of it", async () => {
    models = await startModels();
    models.suffer({ kind: "malformed" });
    expect(JSON.stringify(await models.smoke(agent))).not.toContain(key);
  });
});

describe("a model server that is not the model's own", () => {
  it("is told by the name that it lists and answers with", async () => {
    models = await startModels();
    const result = await models.smoke({ ...agent, modelName: "Other" });
    expect(findings(result)).toEqual([
      "models: SMOKE_MODEL_NAME: lists Laguna, not Other",
      "answer: SMOKE_ANSWER: answers 404: The model `Other` does not exist.",
    ]);
  });

  it("that answers for every name fails by the name in its answer", async () => {
    models = await startModels();
    models.suffer({ kind: "wrong-model", name: "tiny" });
    expect(findings(await models.smoke(agent))).toEqual(["answer: SMOKE_ANSWER: tiny answered, not Laguna"]);
  });

  it("without the means to call tools fails where tools are wanted", async () => {
    models = await startModels({ args: { callsTools: false } });
    const result = await models.smoke(agent, { tools: true });
    expect(named(result, "tool call")).toMatchObject({ result: "fail", code: "SMOKE_TOOLS" });
  });
});
