import type { Context } from "../action/context.ts";
import { type Agents, createAgents } from "../agent.ts";
import { UserError } from "../errors.ts";
import type { CredentialProvider } from "./credentials.ts";
import { fromAws } from "./errors.ts";
import { retryStrategy } from "./retries.ts";
import { assumeRole, renewing } from "./role.ts";

/** Most connections at once to one host; the bulk engines bound their own concurrency below it. */
export const connections = 256;

/** Whom and where an action acts as. */
export interface Target {
  /** Else the environment's region. */
  readonly region: string | undefined;
  /** The account that must be found. */
  readonly accountId: string | undefined;
  /** Role to assume with the job's OIDC token; else ambient credentials. */
  readonly role: string | undefined;
}

/** A signed-in view of one account and region. */
export interface Aws {
  readonly region: string;
  readonly account: string;
  /** `aws`, `aws-cn`, `aws-us-gov`, ...: from the caller's own ARN. */
  readonly partition: string;
  /** `amazonaws.com` and its kin. */
  readonly dnsSuffix: string;
  /** ARN of the caller. */
  readonly arn: string;
  /** For every SDK client: region, credentials, connections, logger, retries. */
  readonly options: ClientOptions;
  /** Credentials for requests that are signed outside an SDK client; good for at least five minutes where they can renew themselves. */
  readonly credentials: CredentialProvider;
  readonly agents: Agents;
}

/** The same session in another region. */
export function inRegion(aws: Aws, region: string): Aws {
  return { ...aws, region, options: { ...aws.options, region } };
}

export type ClientOptions = ReturnType<typeof clientOptions> & {
  readonly credentials: CredentialProvider;
};

/** One process talks to few accounts: a session is made once per environment, region and role. */
const sessions = new WeakMap<Context["ambient"], Map<string, Promise<Aws>>>();

/** Signs in and finds out who we are. The wrong account is `AWS_ACCOUNT_MISMATCH`, before anything else happens. */
export async function connectAws(target: Target, ctx: Context): Promise<Aws> {
  const region = target.region || ctx.ambient.region;
  if (!region)
    throw new UserError("AWS_NO_REGION", {
      happened: "No AWS region is known.",
      next: "Set aws-region, aws.region in the spec, or AWS_REGION.",
    });
  const known = sessions.get(ctx.ambient) ?? new Map<string, Promise<Aws>>();
  sessions.set(ctx.ambient, known);
  const key = `${region} ${target.role ?? ""}`;
  const session = known.get(key) ?? signIn(region, target.role, ctx);
  known.set(key, session);
  session.catch(() => known.delete(key));
  const aws = await session;
  if (target.accountId && target.accountId !== aws.account) throw mismatch(target.accountId, aws);
  return aws;
}

async function signIn(region: string, role: string | undefined, ctx: Context): Promise<Aws> {
  const agents = createAgents(ctx.ambient, connections);
  const bare = clientOptions(region, agents, ctx);
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const own =
    role && ctx.ambient.oidc ? renewing(() => assumeRole(role, region, bare, agents, ctx), ctx.clock.now) : undefined;
  const base = clientOptions(region, agents, ctx, own);
  const sts = new STSClient({ ...base, ...(own ? { credentials: own } : {}) });
  const credentials = own ?? (() => sts.config.credentials());
  if (role && !own)
    ctx.log.info(`${role} is not assumed (the job has no id-token: write): ambient credentials are used.`);
  try {
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}), { abortSignal: ctx.signal });
    const arn = Arn ?? "";
    const host = sts.config.endpointProvider({ Region: region }).url.hostname;
    return {
      region,
      account: Account ?? "",
      partition: arn.split(":")[1] ?? "aws",
      dnsSuffix: host.slice(host.indexOf(region) + region.length + 1),
      arn,
      options: { ...base, credentials },
      credentials,
      agents,
    };
  } catch (thrown) {
    throw fromAws(thrown, "asking STS who we are");
  }
}

function clientOptions(region: string, agents: Agents, ctx: Context, credentials?: CredentialProvider) {
  return {
    region,
    // Instances, not options: with options the SDK opens a connection for each upload of 2 MiB or more.
    requestHandler: {
      httpAgent: agents.http,
      httpsAgent: agents.https,
      connectionTimeout: 15_000,
      socketTimeout: 120_000,
    },
    retryStrategy: retryStrategy(ctx, credentials),
    logger: quiet(ctx),
  };
}

/** Without a logger the SDK writes its warnings to the console; with one it also offers every request, which nobody asked for. */
function quiet(ctx: Context) {
  const nothing = () => {};
  const say = (...parts: unknown[]) => ctx.log.debug(parts.map(said).join(" "));
  return { trace: nothing, debug: nothing, info: nothing, warn: say, error: say };
}

/** The SDK hands over what it knows of a failed call as an object; its command and the error's name are enough, and no secret. */
function said(part: unknown): string {
  if (typeof part !== "object" || part === null) return String(part);
  const { commandName, error } = part as { readonly commandName?: string; readonly error?: Error };
  return [commandName, error?.name, error?.message].filter((word) => word !== undefined).join(" ");
}

function mismatch(expected: string, aws: Aws): UserError {
  return new UserError("AWS_ACCOUNT_MISMATCH", {
    happened: `The credentials are of account ${aws.account} (${aws.arn}); expected is ${expected}. Nothing was written.`,
    next: "Use a role of the expected account, or correct aws-account-id (aws.account in the spec).",
  });
}
