import { randomUUID } from "node:crypto";
import type { Call } from "../http.ts";
import { AwsError, type AwsService, type Caller, NotBuilt } from "./service.ts";

/** Members of a JSON request as they came; the service reads what it knows. */
export type JsonInput = Readonly<Record<string, unknown>>;

/** One call of a JSON service. Dates go out as seconds since the epoch. */
export interface JsonOperation {
  readonly write?: boolean;
  /** IAM actions; default: `<service>:<Name>`. */
  readonly iam?: readonly string[] | ((input: JsonInput) => readonly string[]);
  readonly resource?: (input: JsonInput) => string;
  /** IAM condition keys that the request sets, as `aws:RequestTag/<key>`. */
  readonly context?: (input: JsonInput) => Readonly<Record<string, string | readonly string[]>>;
  /** `Operation.elsewhere`. */
  readonly elsewhere?: (input: JsonInput) => Readonly<Record<string, string>>;
  readonly run: (input: JsonInput, caller: Caller) => unknown;
}

/** A service of the protocol `application/x-amz-json-1.1`, its calls named by `X-Amz-Target: <target>.<Name>`. */
export function jsonService(
  signingName: string,
  target: string,
  operations: Readonly<Record<string, JsonOperation>>,
  arns?: AwsService["arns"],
): AwsService {
  const find = async (call: Call) => {
    const given = String(call.headers["x-amz-target"] ?? "");
    const name = given.startsWith(`${target}.`) ? given.slice(target.length + 1) : "";
    const operation = operations[name];
    if (!operation) throw new NotBuilt(signingName, given || `${call.method} ${call.path}`);
    if (call.headers["content-type"] !== "application/x-amz-json-1.1")
      throw new AwsError(
        400,
        "UnknownOperationException",
        `content-type is ${call.headers["content-type"] ?? "absent"}`,
      );
    return { name, operation, input: readJson((await call.body()).toString("utf8")) };
  };
  return {
    signingName,
    async identify(call) {
      const { name, operation, input } = await find(call);
      return {
        service: signingName,
        name,
        write: operation.write ?? false,
        iam: (typeof operation.iam === "function" ? operation.iam(input) : operation.iam) ?? [`${signingName}:${name}`],
        resource: operation.resource?.(input) ?? "",
        ...(operation.context ? { context: operation.context(input) } : {}),
        ...(operation.elsewhere ? { elsewhere: operation.elsewhere(input) } : {}),
      };
    },
    async handle(call, _operation, caller) {
      const { operation, input } = await find(call);
      const output = await operation.run(input, caller);
      return {
        status: 200,
        headers: { "x-amzn-requestid": randomUUID(), "content-type": "application/x-amz-json-1.1" },
        body: JSON.stringify(output ?? {}, seconds),
      };
    },
    ...(arns ? { arns } : {}),
  };
}

/** Parses a JSON body; an empty one is `{}`. */
export function readJson(text: string): JsonInput {
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as JsonInput;
  } catch {
    // Answered below, like every other text that is no object.
  }
  throw new AwsError(400, "SerializationException", "Start of structure or map found where not expected.");
}

/** Replacer for `JSON.stringify`: dates as AWS's JSON protocols write them. Uses `this`, since a Date is a string by the time it is given. */
export function seconds(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Date ? raw.getTime() / 1000 : value;
}
