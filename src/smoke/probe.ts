import { performance } from "node:perf_hooks";
import type { Context } from "../action/context.ts";
import { Secret } from "../action/secret.ts";
import { type Answer, errorText, parseAnswer, pathOf, quoted, requestOf } from "./answer.ts";
import { type Check, type ModelResult, type Timings, verdictOf } from "./check.ts";
import type { Cause } from "./failure.ts";
import { openPathChecks } from "./open-paths.ts";
import { regressionChecks } from "./regression.ts";
import type { Place, ProbeAnswer } from "./request.ts";
import type { SmokeSettings } from "./settings.ts";
import { judgeTimings, sampleStreams } from "./stream.ts";
import type { Target } from "./target.ts";
import { toolCheck } from "./tools.ts";
import { type Asked, askPatiently } from "./wait.ts";
import { wrongModelCheck } from "./wrong-model.ts";

/** Tokens that an answer may take: a whole test of three models stays within a few hundred. */
export const answerTokens = 32;

/** A key that no server has. */
const wrongKey = new Secret("eks-deploy-wrong-key");

/** Tests one model from DNS to a streamed answer. Checks that build on a failed one are not made; each has a verdict and a remedy. */
export async function probeModel(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<ModelResult> {
  const checks: Check[] = [];
  let timings: Timings | undefined;
  let answer: string | undefined;
  ctx.emit({ kind: "phase", subject: target.key, phase: "connecting" });
  const healthy = await healthCheck(place, ctx);
  checks.push(...healthy);
  if (verdictOf(healthy) !== "fail") {
    ctx.emit({ kind: "phase", subject: target.key, phase: "asking" });
    checks.push(...(await authChecks(target, place, settings, ctx)));
    checks.push(await listCheck(target, place, settings, ctx));
    const answered = await answerCheck(target, place, settings, ctx);
    checks.push(answered.check);
    answer = answered.answer?.text.slice(0, 200);
    if (answered.check.result !== "fail") {
      ctx.emit({ kind: "phase", subject: target.key, phase: "streaming" });
      const streamed = await sampleStreams(target, place, settings, ctx);
      timings = streamed.timings;
      checks.push(streamed.check, ...(timings ? judged(target, timings, settings) : []));
      checks.push(await wrongModelCheck(target, place, settings, ctx));
      if (settings.tools && target.modelType !== "completion")
        checks.push(await toolCheck(target, place, settings, ctx));
    }
    if (settings.expectAuth) checks.push(...(await openPathChecks(target, place, settings, ctx)));
  }
  const verdict = verdictOf(checks);
  ctx.emit({ kind: "phase", subject: target.key, phase: verdict === "fail" ? "failed" : "proven", last: true });
  return { key: target.key, host: target.host, modelName: target.modelName, verdict, checks, timings, answer };
}

function judged(target: Target, timings: Timings, settings: SmokeSettings): readonly Check[] {
  const before = settings.baseline?.timings[target.key];
  return [
    ...judgeTimings(timings, settings.thresholds),
    ...(before ? regressionChecks(timings, before, settings.baseline!.label, settings.maxRegression) : []),
  ];
}

async function healthCheck(place: Place, ctx: Context): Promise<readonly Check[]> {
  const started = performance.now();
  const request = { method: "GET", path: "/health" } as const;
  const asked = await askPatiently(place, request, ctx, (given) => given.status === 200);
  const milliseconds = performance.now() - started;
  if (asked.cause) return [failed("connect", asked.cause, milliseconds)];
  const { answer } = asked;
  if (answer.status !== 200) {
    const remedy = "Look at the model's pod and its log: kubectl logs -n <namespace> deploy/inference-<model>.";
    return [
      {
        name: "health",
        result: "fail",
        seen: `/health answers ${answer.status}`,
        remedy,
        code: "SMOKE_HEALTH",
        milliseconds,
      },
    ];
  }
  return [certificateCheck(answer), passed("health", "/health answers 200", milliseconds)];
}

function certificateCheck(answer: ProbeAnswer): Check {
  const days = answer.certificateDays;
  if (days >= 30) return passed("TLS", `name and chain are right, ${days} days left`, answer.head);
  return {
    name: "TLS",
    result: "warning",
    seen: `the certificate ends in ${days} days`,
    remedy: "Renew it in ACM.",
    code: "SMOKE_CERTIFICATE_ENDS",
    milliseconds: answer.head,
  };
}

async function authChecks(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<readonly Check[]> {
  if (!settings.expectAuth) return [];
  const models = { method: "GET", path: "/v1/models" } as const;
  const body = requestOf(target.modelName, target.modelType, "1", { stream: false, maxTokens: 1 });
  const without = await askPatiently(place, models, ctx);
  const withWrong = await askPatiently(place, { ...models, key: wrongKey }, ctx);
  const completion = await askPatiently(place, { method: "POST", path: pathOf(target.modelType), body }, ctx);
  return [refusal("no key", without), refusal("wrong key", withWrong), refusal("no key, completion", completion)];
}

/** Where a key is expected, anything but 401 (or 403) to a request without the right one is a hole. */
function refusal(what: string, asked: Asked): Check {
  if (asked.cause) return failed(what, asked.cause, 0);
  const { status, total } = asked.answer;
  if (status === 401 || status === 403) return passed(what, `refused with ${status}`, total);
  const remedy = "Set authentication.secretName, see that its Secret holds VLLM_API_KEY, and restart the pods.";
  return {
    name: what,
    result: "fail",
    seen: `answered with ${status}`,
    remedy,
    code: "SMOKE_AUTH_OPEN",
    milliseconds: total,
  };
}

async function listCheck(target: Target, place: Place, settings: SmokeSettings, ctx: Context): Promise<Check> {
  const asked = await askPatiently(place, { method: "GET", path: "/v1/models", key: settings.key }, ctx);
  if (asked.cause) return failed("models", asked.cause, 0);
  const { answer } = asked;
  const refused = refusedKey("models", answer, settings);
  if (refused) return refused;
  const names = modelNames(answer.body);
  if (answer.status === 200 && names.includes(target.modelName))
    return passed("models", `lists ${target.modelName}`, answer.total);
  const seen =
    answer.status === 200
      ? `lists ${quoted(names.join(", ")) || "nothing"}, not ${target.modelName}`
      : `answers ${answer.status}: ${errorText(answer.body)}`;
  const remedy = "Compare modelName with what the server loaded; the host may reach another model's service.";
  return { name: "models", result: "fail", seen, remedy, code: "SMOKE_MODEL_NAME", milliseconds: answer.total };
}

function refusedKey(name: string, answer: ProbeAnswer, settings: SmokeSettings): Check | undefined {
  if (answer.status !== 401 && answer.status !== 403) return undefined;
  const given = settings.key !== undefined;
  return {
    name,
    result: "fail",
    seen: given
      ? `the given key is refused with ${answer.status}`
      : `a key is wanted (${answer.status}), and none was given`,
    remedy: given
      ? "Give the key that the Secret holds; restart the pods after it changed."
      : "Give api-key or api-key-from.",
    code: given ? "SMOKE_AUTH_REFUSED" : "SMOKE_AUTH_UNEXPECTED",
    milliseconds: answer.total,
  };
}

/** What an unwelcome status says. A redirect is told, not followed: it would take the key to another host. */
function statusText({ status, headers, body }: ProbeAnswer): string {
  const { location } = headers;
  if (status < 300 || status >= 400) return `answers ${status}: ${errorText(body)}`;
  return `answers ${status} and points to ${URL.parse(String(location))?.host ?? "another path"}, which is not followed`;
}

function modelNames(body: string): readonly string[] {
  try {
    const { data } = JSON.parse(body) as { data?: readonly { id?: string }[] };
    return (data ?? []).map((model) => model.id ?? "");
  } catch {
    return [];
  }
}

async function answerCheck(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<{ check: Check; answer?: Answer }> {
  const body = requestOf(target.modelName, target.modelType, settings.prompt, {
    stream: false,
    maxTokens: answerTokens,
  });
  const request = { method: "POST", path: pathOf(target.modelType), key: settings.key, body } as const;
  const asked = await askPatiently(place, request, ctx);
  if (asked.cause) return { check: failed("answer", asked.cause, 0) };
  const broken = (seen: string): Check => ({
    name: "answer",
    result: "fail",
    seen,
    remedy: "Look at the model's log: kubectl logs -n <namespace> deploy/inference-<model>.",
    code: "SMOKE_ANSWER",
    milliseconds: asked.answer.total,
  });
  if (asked.answer.cut) return { check: broken("the answer has no end: more than 1 MiB came") };
  if (asked.answer.status !== 200) return { check: broken(statusText(asked.answer)) };
  try {
    const answer = parseAnswer(asked.answer.body, target.modelType);
    const wrong = complaint(answer, target, settings);
    return wrong
      ? { check: broken(wrong), answer }
      : { check: passed("answer", "a real answer", asked.answer.total), answer };
  } catch (thrown) {
    return { check: broken(`the answer is malformed: ${(thrown as Error).message}`) };
  }
}

/** What is wrong with a well-formed answer. Empty content with filled reasoning, ended by length, is a thinking model that was cut: no fault. */
function complaint(answer: Answer, target: Target, settings: SmokeSettings): string | undefined {
  if (answer.model !== target.modelName)
    return `${quoted(answer.model) || "no model"} answered, not ${target.modelName}`;
  if (answer.text === "" && answer.reasoning === "") return "the answer is empty";
  const pattern = settings.expect[target.modelType];
  if (pattern && !new RegExp(pattern, "s").test(answer.text || answer.reasoning))
    return `the answer does not match ${pattern}`;
  return undefined;
}

function passed(name: string, seen: string, milliseconds: number): Check {
  return { name, result: "pass", seen, remedy: "", milliseconds };
}

function failed(name: string, cause: Cause, milliseconds: number): Check {
  return { name, result: "fail", seen: cause.seen, remedy: cause.remedy, code: cause.code, milliseconds };
}
