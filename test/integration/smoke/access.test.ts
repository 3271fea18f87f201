import { afterEach, describe, expect, it } from "vitest";
import { listen } from "../../../sandbox/http.ts";
import { agent, completion, findings, key, type Models, named, startModels } from "./support.ts";

let models: Models;
afterEach(async () => {
  await models.close();
  expect(models.defects).toEqual([]);
});

describe("the key", () => {
  it("fails the model when requests without it are answered", async () => {
    models = await startModels();
    models.suffer({ kind: "open" });
    const result = await models.smoke(completion);
    expect(result.verdict).toBe("fail");
    expect(findings(result)).toEqual([
      "no key: SMOKE_AUTH_OPEN: answered with 200",
      "wrong key: SMOKE_AUTH_OPEN: answered with 200",
      "no key, completion: SMOKE_AUTH_OPEN: answered with 200",
    ]);
  });

  it("that is refused is told as refused, not as a broken model", async () => {
    models = await startModels();
    models.suffer({ kind: "locked" });
    const result = await models.smoke(agent);
    expect(named(result, "models")).toMatchObject({
      result: "fail",
      code: "SMOKE_AUTH_REFUSED",
      seen: "the given key is refused with 401",
    });
  });

  it("that is wanted and was not given is named", async () => {
    models = await startModels();
    const result = await models.smoke(agent, { key: undefined, expectAuth: false });
    expect(named(result, "models")).toMatchObject({ result: "fail", code: "SMOKE_AUTH_UNEXPECTED" });
  });

  it("is proven by refusals of 401 or 403 only", async () => {
    models = await startModels();
    models.routed = () => async (call) =>
      call.path.startsWith("/v1") ? { status: 400, body: '{"error":{"message":"No connected db."}}' } : { status: 200 };
    const result = await models.smoke(agent);
    expect(named(result, "wrong key")).toMatchObject({
      result: "fail",
      code: "SMOKE_AUTH_OPEN",
      seen: "answered with 400",
    });
  });

  it("never follows a redirect to another host", async () => {
    models = await startModels();
    const thief: string[] = [];
    const other = await listen(
      async (call) => {
        thief.push(call.headers.authorization ?? "");
        return { status: 200, body: "{}" };
      },
      (error) => void models.defects.push(error),
    );
    models.routed = () => async (call) =>
      call.path === "/health" || call.headers.authorization === undefined
        ? { status: call.path === "/health" ? 200 : 401 }
        : { status: 307, headers: { location: `${other.url}/v1/steal` } };
    const result = await models.smoke(agent);
    await other.close();
    expect(thief).toEqual([]);
    expect(named(result, "answer")).toMatchObject({
      result: "fail",
      seen: `answers 307 and points to 127.0.0.1:${other.port}, which is not followed`,
    });
    expect(JSON.stringify(result)).not.toContain(key);
  });
});

describe("paths beside /v1", () => {
  const harmless = "open paths: SMOKE_OPEN_PATH: open without the key: /tokenize, /version, /metrics, /load";
  const all =
    "open paths: SMOKE_OPEN_PATH: open without the key: /invocations, /score, /generative_scoring, /pooling, /classify, /rerank, /tokenize, /version, /metrics, /load";

  it.each([
    ["harmless", "completions", "pass", harmless],
    ["harmless", "all", "fail", harmless],
    ["all", "completions", "fail", all],
    ["all", "none", "pass", all],
  ] as const)(
    "that are open (%s) with fail-on-open-paths: %s make the model %s",
    async (openPaths, rule, verdict, finding) => {
      models = await startModels({ openPaths });
      const result = await models.smoke(completion, { openPaths: rule });
      expect(result.verdict).toBe(verdict);
      expect(findings(result)).toEqual([finding]);
    },
  );

  it("that would stop or change the server are never asked for", async () => {
    models = await startModels({ openPaths: "all" });
    await models.smoke(agent);
    const asked = models.requests.all.map(({ name }) => name);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => /pause|update_weights|sleep|shutdown|abort|reset/.test(name))).toEqual([]);
  });

  it("are asked without the key", async () => {
    models = await startModels({ openPaths: "all" });
    const keys: (string | undefined)[] = [];
    models.routed = () => async (call) => {
      if (!call.path.startsWith("/v1") && call.path !== "/health") keys.push(call.headers.authorization);
      return { status: call.path === "/health" ? 200 : 401 };
    };
    await models.smoke(agent);
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((one) => one !== undefined)).toEqual([]);
  });
});
