import { describe, expect, it } from "vitest";
import { type Check, type ModelResult, median, verdictOf } from "../../../src/smoke/check.ts";
import { smokeBlocks, smokeFailure, smokeHeadline, smokeWarnings } from "../../../src/smoke/report.ts";
import { asTargets } from "../../../src/smoke/target.ts";
import { balancerName, reasonText } from "../../../src/smoke/target-health.ts";

function check(result: Check["result"], name = "answer"): Check {
  return {
    name,
    result,
    seen: `${name} was seen`,
    remedy: result === "pass" ? "" : `mend ${name}`,
    code: "SMOKE_ANSWER",
    milliseconds: 5,
  };
}

function model(key: string, ...checks: Check[]): ModelResult {
  return { key, host: `${key}.example.com`, modelName: "Laguna", verdict: verdictOf(checks), checks };
}

describe("a verdict", () => {
  it("is the worst of the checks that were made", () => {
    expect(verdictOf([check("pass"), check("not looked at"), check("warning")])).toBe("pass");
    expect(verdictOf([check("pass"), check("degraded")])).toBe("degraded");
    expect(verdictOf([check("degraded"), check("fail")])).toBe("fail");
  });
});

describe("a median", () => {
  it.each([
    [[], 0],
    [[3], 3],
    [[9, 1, 5], 5],
    [[4, 1, 3, 2], 2.5],
  ])("of %j is %d", (values, middle) => {
    expect(median(values)).toBe(middle);
  });
});

describe("a report", () => {
  it("says in one sentence how the test went", () => {
    expect(smokeHeadline([model("a", check("pass"))])).toBe("1 model answers: proven.");
    expect(smokeHeadline([model("a", check("pass")), model("b", check("degraded"))])).toBe(
      "2 models answer; b degraded.",
    );
    expect(smokeHeadline([model("a", check("pass")), model("b", check("pass"), check("fail", "TLS"))])).toBe(
      "Smoke test failed for b: TLS: TLS was seen.",
    );
  });

  it("warns once of what several models share", () => {
    const results = [
      model("a", check("warning")),
      model("b", check("warning")),
      model("c", check("degraded", "speed")),
    ];
    expect(smokeWarnings(results)).toEqual([
      { code: "SMOKE_ANSWER", level: "warning", happened: "a, b: answer: answer was seen.", next: "mend answer" },
      { code: "SMOKE_ANSWER", level: "warning", happened: "c: speed: speed was seen.", next: "mend speed" },
    ]);
  });

  it("opens the checks of a failed model only", () => {
    const blocks = smokeBlocks([model("a", check("pass")), model("b", check("fail"))]);
    expect(blocks.map((block) => block.kind === "details" && block.open)).toEqual([false, false, true]);
  });

  it("fails with every failed check, and each remedy once", () => {
    const failed = [model("a", check("fail", "TLS")), model("b", check("fail", "TLS"), check("pass"))];
    const failure = smokeFailure(failed, 3);
    expect(failure.happened).toBe(
      "2 models of 3 failed:\n  - a (a.example.com): TLS: TLS was seen [SMOKE_ANSWER]\n  - b (b.example.com): TLS: TLS was seen [SMOKE_ANSWER]",
    );
    expect(failure.next).toBe("mend TLS");
  });
});

describe("asTargets", () => {
  it("reads the list of render-values and the spec's map alike, hosts without case and trailing dot", () => {
    const item = { host: "Laguna.Example.com.", modelName: "Laguna", modelType: "agent" };
    const [target] = asTargets({ "laguna-m": item });
    expect(target).toEqual({
      key: "laguna-m",
      host: "laguna.example.com",
      url: "https://laguna.example.com/v1",
      modelName: "Laguna",
      modelType: "agent",
    });
    expect(asTargets([{ key: "laguna-m", ...item }])).toEqual([target]);
    expect(asTargets(undefined)).toEqual([]);
  });

  it.each([
    [
      [{ key: "a", host: "h", modelName: "m", modelType: "chat" }],
      /modelType "chat"; it must be one of agent, agent_small, completion/,
    ],
    [{ a: { modelName: "m", modelType: "agent" } }, /no host for the model a/],
    [["a"], /a map per model/],
    ["a", /the list rendered-models, or a map/],
  ])("refuses %j", (value, message) => {
    expect(() => asTargets(value)).toThrow(message);
  });
});

describe("a load balancer's name", () => {
  it.each([
    ["internal-k8s-poolside-ab12cd-1234567890.us-east-2.elb.amazonaws.com", "k8s-poolside-ab12cd"],
    ["k8s-poolside-ab12cd-1234567890.us-east-2.elb.amazonaws.com", "k8s-poolside-ab12cd"],
    ["k8s-internal-ab12cd-1.elb.cn-north-1.amazonaws.com.cn", "k8s-internal-ab12cd"],
  ])("of %s", (address, name) => {
    expect(balancerName(address)).toBe(name);
  });

  it("has reasons in plain words, and unknown ones as they are", () => {
    expect(reasonText("Target.Timeout")).toContain("security group");
    expect([reasonText("New.Reason"), reasonText(undefined)]).toEqual(["New.Reason", ""]);
  });
});
