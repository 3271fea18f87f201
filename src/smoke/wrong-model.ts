import type { Context } from "../action/context.ts";
import { errorText, pathOf, requestOf } from "./answer.ts";
import type { Check } from "./check.ts";
import type { Place } from "./request.ts";
import type { SmokeSettings } from "./settings.ts";
import type { Target } from "./target.ts";
import { askPatiently } from "./wait.ts";

/** A name that no server has loaded. */
const nobody = "eks-deploy-no-such-model";

/** A server that checks the `model` field refuses a wrong one with an error of its own; one that answers serves whatever it is asked for. */
export async function wrongModelCheck(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<Check> {
  const body = requestOf(nobody, target.modelType, "1", { stream: false, maxTokens: 1 });
  const request = { method: "POST", path: pathOf(target.modelType), key: settings.key, body } as const;
  const asked = await askPatiently(place, request, ctx);
  const name = "wrong model";
  if (asked.cause) {
    const { code, seen, remedy } = asked.cause;
    return { name, result: "fail", seen, remedy, code, milliseconds: 0 };
  }
  const { status, total, body: text } = asked.answer;
  if (status >= 400 && status < 500)
    return { name, result: "pass", seen: `refused with ${status}`, remedy: "", milliseconds: total };
  return {
    name,
    result: status >= 500 ? "fail" : "degraded",
    seen: status >= 500 ? `answers ${status}: ${errorText(text)}` : `is answered with ${status}, as if it were loaded`,
    remedy: "The host may reach another server than the model's own: compare the Ingress and Service of this host.",
    code: "SMOKE_MODEL_NAME",
    milliseconds: total,
  };
}
