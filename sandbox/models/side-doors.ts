import type { Answer } from "../http.ts";
import { json } from "./refusals.ts";

/** Which paths beside the guarded ones answer: none, those that reveal little (as vLLM 0.32 has them), or also those that run the model. */
export type OpenPaths = "none" | "harmless" | "all";

const harmless: Readonly<Record<string, () => Answer>> = {
  "GET /version": () => json(200, { version: "0.32.0" }),
  "GET /load": () => json(200, { server_load: 0 }),
  "GET /metrics": () => ({
    status: 200,
    headers: { "content-type": "text/plain; version=1.0.0; charset=utf-8" },
    body: "# HELP vllm:num_requests_running Number of requests in model execution batches.\n# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 0.0\n",
  }),
  "POST /tokenize": () => json(200, { count: 1, max_model_len: 131_072, tokens: [16], token_strs: null }),
};

const scores: Readonly<Record<string, unknown>> = {
  "POST /score": { object: "list", data: [{ index: 0, object: "score", score: 1 }] },
  "POST /rerank": { results: [{ index: 0, document: { text: "1" }, relevance_score: 1 }] },
  "POST /classify": { object: "list", data: [{ index: 0, label: "LABEL_0", probs: [1], num_classes: 1 }] },
  "POST /pooling": { object: "list", data: [{ index: 0, object: "pooling", data: [0.5] }] },
  "POST /generative_scoring": { object: "list", data: [{ index: 0, object: "score", score: 1 }] },
};

/** What an unguarded path answers; undefined: nothing is there. `/invocations` is not here: it answers as a completion does. */
export function sideDoor(method: string, path: string, open: OpenPaths): Answer | undefined {
  const name = `${method} ${path}`;
  if (open === "none") return undefined;
  if (harmless[name]) return harmless[name]();
  return open === "all" && name in scores ? json(200, scores[name]) : undefined;
}
