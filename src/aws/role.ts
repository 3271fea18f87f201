import type { Context } from "../action/context.ts";
import type { Agents } from "../agent.ts";
import { RemoteError, UserError } from "../errors.ts";
import { retry } from "../retry.ts";
import type { CredentialProvider, Credentials } from "./credentials.ts";
import { errorName, fromAws } from "./errors.ts";
import { mintToken } from "./github-oidc.ts";

/** Credentials are renewed this long before they end (milliseconds). */
const margin = 5 * 60_000;

/** Credentials younger than this are not those that a service has just called expired (milliseconds): calls that go out together complain together. */
const fresh = 10_000;

/** Gives credentials that are good for at least five minutes; asks again only when they are not. Parallel calls wait for one answer. */
export function renewing(mint: () => Promise<Credentials>, now: () => number): CredentialProvider {
  let current: Promise<Credentials> | undefined;
  let mintedAt = 0;
  let endsAt = Number.POSITIVE_INFINITY;
  const give = () => {
    if (current && now() < endsAt - margin) return current;
    endsAt = Number.POSITIVE_INFINITY;
    mintedAt = now();
    const minted = mint();
    current = minted;
    minted.then(
      ({ expiration }) => {
        if (current === minted) endsAt = expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      },
      () => {
        if (current === minted) current = undefined;
      },
    );
    return minted;
  };
  const renew = () => {
    if (now() - mintedAt >= fresh) current = undefined;
  };
  return Object.assign(give, { renew, memoized: true } as const);
}

/** Audience of the token for STS: China has its own. Source: aws-actions/configure-aws-credentials, input `audience`. */
function audienceOf(region: string): string {
  return region.startsWith("cn-") ? "sts.amazonaws.com.cn" : "sts.amazonaws.com";
}

/** Assumes `role` with the job's OIDC token, a fresh one each time. */
export async function assumeRole(
  role: string,
  region: string,
  options: object,
  agents: Agents,
  ctx: Context,
): Promise<Credentials> {
  const { STSClient, AssumeRoleWithWebIdentityCommand } = await import("@aws-sdk/client-sts");
  const client = new STSClient({ ...options, region, credentials: nobody });
  const assume = async () => {
    const token = await mintToken(audienceOf(region), agents, ctx);
    const input = { RoleArn: role, RoleSessionName: sessionName(ctx.ambient.run.id), WebIdentityToken: token };
    const { Credentials } = await client.send(new AssumeRoleWithWebIdentityCommand(input), { abortSignal: ctx.signal });
    return Credentials;
  };
  try {
    const credentials = await retry(assume, {
      clock: ctx.clock,
      signal: ctx.signal,
      attempts: 4,
      advise: worthAnother,
    });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey)
      throw new RemoteError("AWS_ROLE_NOT_ASSUMED", { happened: "STS gave no credentials.", next: "Run again." });
    for (const value of [SecretAccessKey, SessionToken]) if (value) ctx.mask(value);
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  } catch (thrown) {
    throw notAssumed(thrown, role);
  }
}

/** The call is not signed; the SDK still wants to see credentials. */
const nobody = { accessKeyId: "none", secretAccessKey: "none" };

/** A token that is too old or unreadable may be the wire's fault: a new one is worth asking for. */
function worthAnother(thrown: unknown): { retry: boolean } {
  const name = errorName(thrown);
  return { retry: ["IDPCommunicationError", "ExpiredTokenException", "InvalidIdentityToken"].includes(name) };
}

function notAssumed(thrown: unknown, role: string): Error {
  const name = errorName(thrown);
  if (
    !/^(AccessDenied|IDPRejectedClaim|InvalidIdentityToken|ExpiredTokenException|ValidationError|RegionDisabled)/.test(
      name,
    )
  )
    return fromAws(thrown, `assuming the role ${role}`);
  return new UserError("AWS_ROLE_NOT_ASSUMED", {
    happened: `The role ${role} could not be assumed (${name}: ${(thrown as Error).message}).`,
    next: "Compare the role's trust policy with this job: audience sts.amazonaws.com, and the subject of its repository and branch or environment.",
    cause: thrown,
  });
}

/** STS allows 2 to 64 of `[\w+=,.@-]`. */
function sessionName(run: string): string {
  return `eks-deploy-${run}`.replaceAll(/[^\w+=,.@-]/g, "-").slice(0, 64);
}
