import { randomUUID } from "node:crypto";
import type { Answer, Call, Handler } from "../http.ts";
import type { Operation } from "../requests.ts";
import { type Ground, serve } from "../service.ts";
import { admit, type FrontDoor, signatureOf } from "./frontdoor.ts";
import type { Credential } from "./principals.ts";
import { errorAnswer, protocols } from "./protocol.ts";
import { type Refusal, refusal } from "./refusals.ts";
import { AwsError, type AwsService, type Caller, NotBuilt } from "./service.ts";

/** Whether a role session may do what it asks; undefined: yes. */
export type Authorise = (credential: Credential, operation: Operation, arns: readonly string[]) => Refusal | undefined;

export interface EndpointOptions extends FrontDoor {
  readonly services: readonly AwsService[];
  readonly authorise: Authorise;
}

/** STS calls that need no credentials. */
const open = /(^|&)Action=AssumeRoleWithWebIdentity(&|$)/;

/** One handler for every AWS service: finds the service by the credential scope, verifies the signature, authorises, and writes errors in the service's own words. */
export function awsEndpoint(ground: Ground, options: EndpointOptions): Handler {
  const services = new Map(options.services.map((service) => [service.signingName, service]));
  return async (call) => {
    call.response.setHeader("date", new Date(options.clocks()[0] ?? options.now()).toUTCString());
    const seems = await guess(call);
    const signature = signatureOf(call, seems.name);
    if (signature instanceof AwsError) return turnAway(ground, call, seems.name, signature);
    if (!signature && !seems.open) return turnAway(ground, call, seems.name, refusal(seems.name, { why: "unsigned" }));
    const name = signature?.service ?? seems.name;
    const service = services.get(name);
    if (!service) return notBuilt(ground, call, name, new NotBuilt(name, `${call.method} ${call.path}`));
    let operation: Operation;
    try {
      operation = await service.identify(call);
    } catch (thrown) {
      if (thrown instanceof NotBuilt) return notBuilt(ground, call, name, thrown);
      if (thrown instanceof AwsError) return turnAway(ground, call, name, thrown);
      throw thrown;
    }
    return serve(ground, call, operation, async (entry) => {
      try {
        let caller: Caller = anonymous;
        if (signature) {
          const admitted = await admit(options, call, signature);
          if ("why" in admitted) throw refusal(name, admitted);
          caller = { ...admitted.caller, region: signature.region };
          entry.principal = caller.arn;
          const refused = options.authorise(admitted, operation, service.arns?.(operation) ?? ["*"]);
          if (refused) throw refusal(name, refused);
        }
        return await service.handle(call, operation, caller);
      } catch (thrown) {
        if (thrown instanceof AwsError) return errorAnswer(name, thrown);
        if (thrown instanceof NotBuilt) ground.onDefect(thrown);
        if (thrown instanceof NotBuilt) return errorAnswer(name, new AwsError(501, "NotImplemented", thrown.message));
        throw thrown;
      }
    });
  };
}

const anonymous: Caller = { arn: "", account: "", accessKeyId: "", userId: "" };

/** The service that an unsigned (or badly signed) request is for, by its shape. */
async function guess(call: Call): Promise<{ readonly name: string; readonly open: boolean }> {
  const claimed = /\/([a-z0-9-]+)\/aws4_request/.exec(`${call.headers.authorization ?? ""} ${decodeQuery(call)}`)?.[1];
  if (claimed) return { name: protocols[claimed] ? claimed : claimed, open: false };
  const target = String(call.headers["x-amz-target"] ?? "");
  if (target) return { name: targets.find(([prefix]) => target.startsWith(prefix))?.[1] ?? "ecr", open: false };
  const form = String(call.headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  if (!form) return { name: "s3", open: false };
  return { name: "sts", open: open.test((await call.body()).toString("utf8")) };
}

const targets: readonly (readonly [string, string])[] = [
  ["AmazonEC2ContainerRegistry", "ecr"],
  ["CertificateManager", "acm"],
  ["TrentService", "kms"],
  ["secretsmanager", "secretsmanager"],
  ["AmazonSSM", "ssm"],
];

function decodeQuery(call: Call): string {
  return call.query.get("X-Amz-Credential") ?? "";
}

/** Answers, and logs, a request that no service ever saw. */
function turnAway(ground: Ground, call: Call, service: string, error: AwsError): Promise<Answer | undefined> {
  const operation: Operation = { service, name: `${call.method} ${call.path}`, write: false, iam: [], resource: "" };
  return serve(ground, call, operation, async () => errorAnswer(service, error));
}

function notBuilt(ground: Ground, call: Call, service: string, error: NotBuilt): Promise<Answer | undefined> {
  ground.onDefect(error);
  return turnAway(ground, call, service, new AwsError(501, "NotImplemented", `${error.message} (${randomUUID()})`));
}
