import type { Answer, Call } from "../http.ts";
import { answerTo } from "./answers.ts";
import { json, Refusal } from "./refusals.ts";
import { generationOf } from "./requests.ts";
import type { ModelSettings } from "./settings.ts";
import type { OpenPaths } from "./side-doors.ts";
import { sideDoor } from "./side-doors.ts";
import type { Rhythm } from "./stream.ts";
import { eventStream } from "./stream.ts";
import type { ModelTroubles } from "./troubles.ts";
import { streamedAnswer, toolAnswer, wholeAnswer } from "./wire.ts";

export interface ModelServerOptions {
  readonly settings: ModelSettings;
  readonly troubles: ModelTroubles;
  readonly openPaths: OpenPaths;
  readonly rhythm: Rhythm;
  now(): number;
}

const guarded = /^\/(v1|v2|inference|cohere)(\/|$)/;
const methods: Readonly<Record<string, string>> = {
  "/health": "GET",
  "/ping": "GET",
  "/v1/models": "GET",
  "/v1/chat/completions": "POST",
  "/v1/completions": "POST",
};

/** One model server that speaks the OpenAI API as vLLM 0.32 does. */
export class ModelServer {
  readonly options: ModelServerOptions;
  private answers = 0;
  private stopping = false;

  constructor(options: ModelServerOptions) {
    this.options = options;
  }

  /** What `/health` and the readiness probe say. */
  isHealthy(): boolean {
    return !this.options.troubles.of("unhealthy", this.options.settings.name);
  }

  /** Told to stop: nothing more comes on open streams. */
  stop(): void {
    this.stopping = true;
  }

  async answer(call: Call): Promise<Answer> {
    try {
      return await this.route(call);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  private async route(call: Call): Promise<Answer> {
    const { method, path } = call;
    this.guard(call);
    const wanted = methods[path];
    if (wanted !== undefined && wanted !== method) throw new Refusal(405, { detail: "Method Not Allowed" });
    switch (path) {
      case "/health":
      case "/ping":
        return { status: this.isHealthy() ? 200 : 503, headers: { server: "uvicorn", "content-length": "0" } };
      case "/v1/models":
        return json(200, this.models());
      case "/v1/chat/completions":
        return this.generate(call, "chat");
      case "/v1/completions":
        return this.generate(call, "completion");
      case "/invocations":
        if (method === "POST" && this.options.openPaths === "all") return this.invoke(call);
    }
    const door = sideDoor(method, path, this.options.openPaths);
    if (!door) throw new Refusal(404, { detail: "Not Found" });
    return door;
  }

  /** The key guards some paths only; the scheme is case-blind. */
  private guard({ path, headers }: Call): void {
    const { settings, troubles } = this.options;
    if (!guarded.test(path) || troubles.of("open", settings.name)) return;
    if (troubles.of("locked", settings.name)) throw new Refusal(401, { error: "Unauthorized" });
    if (settings.key === undefined) return;
    const given = /^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
    if (given !== settings.key) throw new Refusal(401, { error: "Unauthorized" });
  }

  private models(): unknown {
    const { settings, now } = this.options;
    const model = {
      id: settings.name,
      object: "model",
      created: Math.floor(now() / 1000),
      owned_by: "vllm",
      root: "/models",
      parent: null,
      max_model_len: settings.maxLength,
    };
    return { object: "list", data: [model] };
  }

  /** `/invocations` takes either form. */
  private async invoke(call: Call): Promise<Answer> {
    const body = await call.body();
    return this.generate(call, body.includes('"messages"') ? "chat" : "completion");
  }

  private async generate(call: Call, form: "chat" | "completion"): Promise<Answer> {
    const { settings, troubles, rhythm, now } = this.options;
    if (!/^application\/json\b/.test(call.headers["content-type"] ?? ""))
      throw Refusal.badRequest("Unsupported Media Type: Only 'application/json' is allowed", "Bad Request");
    const other = troubles.of("wrong-model", settings.name);
    const generation = generationOf(await call.body(), form, settings, other !== undefined);
    this.answers += 1;
    const head = {
      id: `${form === "chat" ? "chatcmpl" : "cmpl"}-${this.answers.toString(16).padStart(32, "0")}`,
      created: Math.floor(now() / 1000),
      model: other?.name ?? settings.name,
    };
    if (generation.tool) {
      if (generation.stream) throw new Error("the sandbox's model servers do not stream tool calls");
      return json(200, toolAnswer(head, generation, generation.tool));
    }
    const tokens = troubles.of("empty", settings.name)
      ? { reasoning: [], content: [], finish: "stop" as const }
      : answerTo(generation);
    if (!generation.stream) {
      if (troubles.of("malformed", settings.name))
        return { status: 200, headers: { "content-type": "application/json" }, body: '{"id": "chatcmpl-' };
      return json(200, wholeAnswer(head, generation, tokens));
    }
    const events = streamedAnswer(head, generation, tokens);
    return {
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", server: "uvicorn" },
      body: eventStream(call, events, { model: settings.name, rhythm, troubles, isStopping: () => this.stopping }),
    };
  }
}
