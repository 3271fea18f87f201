import { request } from "node:https";

/** An object of the API, as the tests look at it. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into objects of every kind
export type KubeObject = Record<string, any>;

/** An answer of the API server. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: KubeObject;
}

/** Talks to an API server as the bearer of a token, without any of the product's code. */
export class Api {
  private readonly url: string;
  private readonly ca: string;
  private readonly token: string;

  constructor(url: string, ca: string, token: string) {
    this.url = url;
    this.ca = ca;
    this.token = token;
  }

  /** Any status is an answer. */
  ask(method: string, path: string, body?: KubeObject | string, type = "application/json"): Promise<ApiAnswer> {
    return new Promise((resolve, reject) => {
      const options = {
        method,
        ca: this.ca,
        headers: { authorization: `Bearer ${this.token}`, "content-type": type, accept: "application/json" },
      };
      const outgoing = request(new URL(path, this.url), options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        response.once("error", reject);
        response.once("end", () => {
          const json = response.headers["content-type"]?.startsWith("application/json");
          resolve({ status: response.statusCode ?? 0, body: json ? JSON.parse(text) : { text } });
        });
      });
      outgoing.once("error", reject);
      outgoing.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  /** As `ask`; a refusal is an error. */
  async must(method: string, path: string, body?: KubeObject, type?: string): Promise<KubeObject> {
    const answer = await this.ask(method, path, body, type);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  create(path: string, object: KubeObject): Promise<KubeObject> {
    return this.must("POST", path, object);
  }

  async list(path: string): Promise<readonly KubeObject[]> {
    return ((await this.must("GET", path))["items"] ?? []) as readonly KubeObject[];
  }

  /** Deletes what may not be there. */
  async remove(path: string): Promise<void> {
    await this.ask("DELETE", path);
  }
}
