import type { Context } from "../action/context.ts";
import type { Check } from "./check.ts";
import type { Place } from "./request.ts";
import type { SmokeSettings } from "./settings.ts";
import type { Target } from "./target.ts";
import { once } from "./wait.ts";

/** A path beside `/v1` that vLLM's key does not guard. `/pause` and `/update_weights` are never called. */
interface SideDoor {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** It runs the model for whoever asks. */
  readonly answersModelRequests: boolean;
  readonly body?: (model: string) => unknown;
}

const sideDoors: readonly SideDoor[] = [
  {
    method: "POST",
    path: "/invocations",
    answersModelRequests: true,
    body: (model) => ({ model, prompt: "1", max_tokens: 1 }),
  },
  {
    method: "POST",
    path: "/score",
    answersModelRequests: true,
    body: (model) => ({ model, text_1: "1", text_2: "1" }),
  },
  {
    method: "POST",
    path: "/generative_scoring",
    answersModelRequests: true,
    body: (model) => ({ model, query: "1", items: ["1"] }),
  },
  { method: "POST", path: "/pooling", answersModelRequests: true, body: (model) => ({ model, input: "1" }) },
  { method: "POST", path: "/classify", answersModelRequests: true, body: (model) => ({ model, input: "1" }) },
  {
    method: "POST",
    path: "/rerank",
    answersModelRequests: true,
    body: (model) => ({ model, query: "1", documents: ["1"] }),
  },
  { method: "POST", path: "/tokenize", answersModelRequests: false, body: (model) => ({ model, prompt: "1" }) },
  { method: "GET", path: "/version", answersModelRequests: false },
  { method: "GET", path: "/metrics", answersModelRequests: false },
  { method: "GET", path: "/load", answersModelRequests: false },
];

/** Asks the harmless side doors without a key, at once; one check that names the open ones. */
export async function openPathChecks(
  target: Target,
  place: Place,
  settings: SmokeSettings,
  ctx: Context,
): Promise<readonly Check[]> {
  const asked = await Promise.all(
    sideDoors.map(async (door) => {
      const request = {
        method: door.method,
        path: door.path,
        body: door.body?.(target.modelName),
      };
      return { door, asked: await once(place, request, ctx) };
    }),
  );
  const open = asked
    .filter(({ asked: { answer } }) => answer !== undefined && answer.status >= 200 && answer.status < 300)
    .map(({ door }) => door);
  const milliseconds = Math.max(0, ...asked.map(({ asked: { answer } }) => answer?.total ?? 0));
  if (open.length === 0)
    return [{ name: "open paths", result: "pass", seen: "none without the key", remedy: "", milliseconds }];
  return [
    {
      name: "open paths",
      result: fails(open, settings.openPaths) ? "fail" : "warning",
      seen: `open without the key: ${open.map((door) => door.path).join(", ")}`,
      remedy:
        "Close them at the load balancer: a listener rule with a fixed 403 answer for these paths, or WAF; the key guards only /v1.",
      code: "SMOKE_OPEN_PATH",
      milliseconds,
    },
  ];
}

function fails(open: readonly SideDoor[], rule: SmokeSettings["openPaths"]): boolean {
  if (rule === "none") return false;
  return rule === "all" || open.some((door) => door.answersModelRequests);
}
