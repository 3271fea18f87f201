import type { Context } from "../../action/context.ts";
import { Secret } from "../../action/secret.ts";
import { ecrClient } from "../../aws/ecr.ts";
import { fromAws } from "../../aws/errors.ts";
import type { Aws } from "../../aws/session.ts";
import { RemoteError } from "../../errors.ts";

/** Renewed so long before its end that no upload begins with a token about to end. */
const margin = 60 * 60_000;

/** The way into a registry: where it is, and an Authorization header that renews itself. */
export interface Login {
  /** Scheme, host and port, as ECR answers them. */
  readonly endpoint: URL;
  /** The whole header (`Basic ...`). `refused`: the one that the registry did not take, to be replaced unless another request has done so already. */
  authorization(refused?: Secret): Promise<Secret>;
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
    async authorization(refused) {
      const stale = refused === held.header || ctx.clock.now() > held.expires - margin;
      return (stale ? await renew() : held).header;
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
      endpoint: endpointOf(data?.proxyEndpoint ?? ""),
      header: new Secret(`Basic ${token}`),
      expires: data?.expiresAt?.getTime() ?? ctx.clock.now() + 12 * 60 * 60_000,
    };
  } catch (thrown) {
    throw fromAws(thrown, `logging in to the registry of account ${account}`);
  }
}

/** Where ECR says its registry is. Plain http would show the token to anyone on the way, so it is taken on this machine only. */
export function endpointOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:") return url;
  if (url?.protocol === "http:" && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) return url;
  throw new RemoteError("REGISTRY_REFUSED", {
    happened: `ECR names ${text === "" ? "no registry" : `the registry ${text}`}, which is not reached over https.`,
    next: "Look at AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_ECR: who answers there as ECR?",
  });
}
