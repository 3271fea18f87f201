import type { Context } from "../../action/context.ts";
import { Secret } from "../../action/secret.ts";
import { ecrClient } from "../../aws/ecr.ts";
import { fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";

/** Renewed so long before its end that no upload begins with a token about to end. */
const margin = 60 * 60_000;

/** The way into a registry: where it is, and an Authorization header that renews itself. */
export interface Login {
  /** Scheme, host and port, as ECR answers them. */
  readonly endpoint: URL;
  /** The whole header (`Basic ...`); `fresh` after a 401: asks for a new token whatever the old one's age. */
  authorization(fresh?: boolean): Promise<Secret>;
}

/** Logs in to the registry of `account` with the session's own rights. */
export async function ecrLogin(aws: Aws, account: string, ctx: Context): Promise<Login> {
  let held = await requestToken(aws, account, ctx);
  let renewing: Promise<Token> | undefined;
  const renew = async (): Promise<Token> => {
    renewing ??= requestToken(aws, account, ctx).finally(() => {
      renewing = undefined;
    });
    held = await renewing;
    return held;
  };
  return {
    endpoint: held.endpoint,
    async authorization(fresh = false) {
      const token = fresh || ctx.clock.now() > held.expires - margin ? await renew() : held;
      return token.header;
    },
  };
}

interface Token {
  readonly endpoint: URL;
  readonly header: Secret;
  readonly expires: number;
}

async function requestToken(aws: Aws, account: string, ctx: Context): Promise<Token> {
  const client = await ecrClient(aws);
  const { GetAuthorizationTokenCommand } = await import("@aws-sdk/client-ecr");
  try {
    const own = account === aws.account ? {} : { registryIds: [account] };
    const answer = await client.send(new GetAuthorizationTokenCommand(own), { abortSignal: ctx.signal });
    const [data] = answer.authorizationData ?? [];
    const token = data?.authorizationToken ?? "";
    ctx.mask(token);
    ctx.mask(Buffer.from(token, "base64").toString("utf8").replace(/^AWS:/, ""));
    return {
      endpoint: new URL(data?.proxyEndpoint ?? ""),
      header: new Secret(`Basic ${token}`),
      expires: data?.expiresAt?.getTime() ?? ctx.clock.now() + 12 * 60 * 60_000,
    };
  } catch (thrown) {
    throw fromAws(thrown, `logging in to the registry of account ${account}`);
  }
}
