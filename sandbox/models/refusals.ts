import type { Answer } from "../http.ts";

/** An answer of vLLM that refuses a request. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: Answer;

  constructor(status: number, body: unknown) {
    super(`refused with ${status}`);
    this.answer = json(status, body);
  }

  static badRequest(message: string, type = "BadRequestError"): Refusal {
    return new Refusal(400, { error: { message, type, param: null, code: 400 } });
  }

  static noSuchModel(name: string): Refusal {
    const message = `The model \`${name}\` does not exist.`;
    return new Refusal(404, { error: { message, type: "NotFoundError", param: "model", code: 404 } });
  }
}

export function json(status: number, body: unknown): Answer {
  return { status, headers: { "content-type": "application/json", server: "uvicorn" }, body: JSON.stringify(body) };
}
