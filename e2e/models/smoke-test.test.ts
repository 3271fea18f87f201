import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runAction } from "../../src/action/run.ts";
import { smokeTest } from "../../src/actions/smoke-test/index.ts";
import { systemClock } from "../../src/retry.ts";
import type { ModelResult } from "../../src/smoke/check.ts";
import { testContext } from "../../test/support/context.ts";
import { testRunner } from "../../test/support/runner.ts";
import { type LlamaServer, startLlama } from "./llama.ts";

const key = "canary-key-e2e-71";
const host = "laguna-xs.dev.example.com";
const model = { key: "laguna-xs", host, url: `https://${host}/v1`, modelName: "Laguna", modelType: "agent_small" };

let server: LlamaServer;
beforeAll(async () => {
  server = await startLlama({ names: ["*.dev.example.com"], model: "Laguna", key });
});
afterAll(() => server?.close());

async function smoke(inputs: Readonly<Record<string, string>> = {}, at: LlamaServer = server) {
  const runner = testRunner(
    {
      models: JSON.stringify([model]),
      "api-key": key,
      resolve: `${host}=127.0.0.1:${at.port}`,
      "ca-certificate": at.authority,
      samples: "2",
      deadline: "30s",
      baseline: "",
      ...inputs,
    },
    testContext({ clock: systemClock }),
  );
  const outcome = await runAction(smokeTest, runner);
  const results = JSON.parse(runner.outputs["results"] || "{}") as Record<string, ModelResult>;
  const failed = (results["laguna-xs"] ?? Object.values(results)[0])?.checks
    .filter((check) => check.result === "fail")
    .map((check) => `${check.name}: ${check.code}`);
  return { outcome, runner, result: Object.values(results)[0], failed };
}

const named = (result: ModelResult | undefined, name: string) => result?.checks.find((check) => check.name === name);

describe("smoke-test on llama.cpp's server over TLS", () => {
  it("proves a chat model that asks for a key, and measures its stream", async () => {
    const { runner, result, failed } = await smoke();
    expect(failed).toEqual([]);
    expect(runner.failures).toEqual([]);
    expect(runner.outputs["passed"]).toBe("true");
    expect(named(result, "TLS")).toMatchObject({ result: "pass" });
    for (const name of ["no key", "wrong key", "no key, completion"])
      expect(named(result, name)).toMatchObject({ result: "pass", seen: "refused with 401" });
    expect(result?.timings?.firstTokenMs).toBeGreaterThan(0);
    expect(JSON.stringify([runner.outputs, runner.summary, runner.context.recorded.lines])).not.toContain(key);
  });

  it("proves a completion model", async () => {
    const { runner, failed } = await smoke({ models: JSON.stringify([{ ...model, modelType: "completion" }]) });
    expect(failed).toEqual([]);
    expect(runner.outputs["passed"]).toBe("true");
  });

  it("fails a name that the server does not have, though it answers with its own model", async () => {
    const { runner, failed } = await smoke({ models: JSON.stringify([{ ...model, modelName: "Malibu" }]) });
    expect(runner.outputs["passed"]).toBe("false");
    expect(failed).toContain("models: SMOKE_MODEL_NAME");
    expect(failed?.some((check) => check.startsWith("answer"))).toBe(true);
  });

  it("fails a wrong key", async () => {
    const { runner, failed } = await smoke({ "api-key": "another-key-9182" });
    expect(runner.outputs["passed"]).toBe("false");
    expect(failed?.join("\n")).toContain("models: ");
  });

  it("fails a certificate of another authority at once", async () => {
    const other = await startLlama({ names: ["*.dev.example.com"], model: "Laguna", key });
    try {
      const { runner, failed } = await smoke({ "ca-certificate": other.authority });
      expect(runner.outputs["passed"]).toBe("false");
      expect(failed).toEqual(["connect: SMOKE_TLS"]);
    } finally {
      await other.close();
    }
  });

  it("fails a server that answers without the key", async () => {
    const open = await startLlama({ names: ["*.dev.example.com"], model: "Laguna" });
    try {
      const { failed } = await smoke({}, open);
      expect(failed).toEqual(
        expect.arrayContaining(["no key: SMOKE_AUTH_OPEN", "no key, completion: SMOKE_AUTH_OPEN"]),
      );
    } finally {
      await open.close();
    }
  });
});
