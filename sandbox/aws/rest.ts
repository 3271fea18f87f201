import { randomUUID } from "node:crypto";
import type { Answer, Call } from "../http.ts";
import { readJson, seconds } from "./json.ts";
import { type AwsService, type Caller, NotBuilt } from "./service.ts";

/** A REST request: its route's parameters (decoded), query and body. */
export interface RestCall {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One call of a REST service. */
export interface RestOperation {
  readonly name: string;
  readonly method: string;
  /** `/clusters/{cluster}/node-groups`; a parameter is one segment. */
  readonly path: string;
  readonly write?: boolean;
  /** IAM actions; default: `<service>:<name>`. */
  readonly iam?: readonly string[] | ((call: RestCall) => readonly string[]);
  readonly resource: (call: RestCall) => string;
  /** IAM condition keys that the request sets, and ARNs of actions that are about something else: see `Operation`. */
  readonly context?: (call: RestCall) => Readonly<Record<string, string | readonly string[]>>;
  readonly elsewhere?: (call: RestCall) => Readonly<Record<string, string>>;
  readonly run: (call: RestCall, caller: Caller) => unknown;
}

/** A service whose calls are methods and paths. `write` turns a result into an answer; absent: JSON. */
export function restService(
  signingName: string,
  operations: readonly RestOperation[],
  write: (operation: RestOperation, result: unknown) => Answer = jsonAnswer,
  arns?: AwsService["arns"],
): AwsService {
  const find = async (call: Call) => {
    for (const operation of operations) {
      const params = operation.method === call.method ? match(operation.path, call.path) : undefined;
      if (!params) continue;
      const text = (await call.body()).toString("utf8");
      const rest: RestCall = { params, query: call.query, text, body: text.startsWith("{") ? readJson(text) : {} };
      return { operation, rest };
    }
    throw new NotBuilt(signingName, `${call.method} ${call.path}`);
  };
  return {
    signingName,
    async identify(call) {
      const { operation, rest } = await find(call);
      return {
        service: signingName,
        name: operation.name,
        write: operation.write ?? false,
        iam: (typeof operation.iam === "function" ? operation.iam(rest) : operation.iam) ?? [
          `${signingName}:${operation.name}`,
        ],
        resource: operation.resource(rest),
        ...(operation.context ? { context: operation.context(rest) } : {}),
        ...(operation.elsewhere ? { elsewhere: operation.elsewhere(rest) } : {}),
      };
    },
    async handle(call, _operation, caller) {
      const { operation, rest } = await find(call);
      return write(operation, await operation.run(rest, caller));
    },
    ...(arns ? { arns } : {}),
  };
}

function match(template: string, path: string): Record<string, string> | undefined {
  const wanted = template.split("/");
  const given = path.replace(/\/$/, "").split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const segment = given[index] ?? "";
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name) params[name] = decodeURIComponent(segment);
    else if (part !== segment) return undefined;
  }
  return params;
}

function jsonAnswer(_operation: RestOperation, result: unknown): Answer {
  return {
    status: 200,
    headers: { "x-amzn-requestid": randomUUID(), "content-type": "application/json" },
    body: JSON.stringify(result ?? {}, seconds),
  };
}
