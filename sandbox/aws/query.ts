import { randomUUID } from "node:crypto";
import type { Answer, Call } from "../http.ts";
import { Form } from "./form.ts";
import { namespaces, protocols } from "./protocol.ts";
import { AwsError, type AwsService, type Caller, NotBuilt } from "./service.ts";
import { type XmlValue, xmlDocument } from "./xml.ts";

/** One call of a query-protocol service. */
export interface QueryOperation {
  readonly write?: boolean;
  /** IAM actions; default: `<service>:<Name>`. */
  readonly iam?: readonly string[] | ((form: Form) => readonly string[]);
  readonly resource?: (form: Form) => string;
  /** IAM condition keys that the request sets, as `iam:PolicyARN`. */
  readonly context?: (form: Form) => Readonly<Record<string, string | readonly string[]>>;
  /** `Operation.elsewhere`. */
  readonly elsewhere?: (form: Form) => Readonly<Record<string, string>>;
  /** Members of the result; undefined for calls that answer none. */
  readonly run: (form: Form, caller: Caller) => XmlValue | Promise<XmlValue>;
}

/** A service of the AWS query protocol (or EC2's variant): form in, XML out. */
export function queryService(
  signingName: string,
  version: string,
  operations: Readonly<Record<string, QueryOperation>>,
  arns?: AwsService["arns"],
): AwsService {
  const find = async (call: Call) => {
    const form = Form.of((await call.body()).toString("utf8"));
    const action = form.get("Action") ?? call.query.get("Action") ?? "";
    const operation = operations[action];
    if (!operation) throw new NotBuilt(signingName, action || `${call.method} ${call.path}`);
    const given = form.get("Version") ?? call.query.get("Version");
    if (given !== version)
      throw new AwsError(
        400,
        "InvalidAction",
        `Could not find operation ${action} for version ${given ?? "NO_VERSION_SPECIFIED"}`,
      );
    return { form, action, operation };
  };
  return {
    signingName,
    async identify(call) {
      const { form, action, operation } = await find(call);
      return {
        service: signingName,
        name: action,
        write: operation.write ?? false,
        iam: (typeof operation.iam === "function" ? operation.iam(form) : operation.iam) ?? [
          `${signingName}:${action}`,
        ],
        resource: operation.resource?.(form) ?? "",
        ...(operation.context ? { context: operation.context(form) } : {}),
        ...(operation.elsewhere ? { elsewhere: operation.elsewhere(form) } : {}),
      };
    },
    async handle(call, _operation, caller) {
      const { form, action, operation } = await find(call);
      return answer(signingName, action, await operation.run(form, caller));
    },
    ...(arns ? { arns } : {}),
  };
}

function answer(signingName: string, action: string, result: XmlValue): Answer {
  const requestId = randomUUID();
  const ec2 = protocols[signingName]?.protocol === "ec2";
  const body: XmlValue = ec2
    ? { requestId, ...(result as Record<string, XmlValue> | undefined) }
    : {
        ...(result === undefined ? {} : { [`${action}Result`]: result }),
        ResponseMetadata: { RequestId: requestId },
      };
  return {
    status: 200,
    headers: { "x-amzn-requestid": requestId, "content-type": "text/xml" },
    body: xmlDocument(`${action}Response`, namespaces[signingName], body),
  };
}

/** The value of a parameter that the call cannot do without. */
export function required(form: Form, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new AwsError(
    400,
    "ValidationError",
    `1 validation error detected: Value null at '${name.charAt(0).toLowerCase()}${name.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
}
