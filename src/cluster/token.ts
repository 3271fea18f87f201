import type { Context } from "../action/context.ts";
import { fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";
import { stsClient } from "../aws/sts.ts";

/** A token is good for 15 minutes, whatever its URL says (aws-iam-authenticator's verifier); it is renewed a minute earlier. */
const renewAfter = 14 * 60_000;

/** Gives the bearer token for an EKS cluster; a new one is made when the last gets old, or when `renew` says that it was refused. */
export function eksTokens(aws: Aws, cluster: string, ctx: Context): (renew: boolean) => Promise<string> {
  let current: { readonly token: Promise<string>; readonly madeAt: number } | undefined;
  return async (renew) => {
    const now = ctx.clock.now();
    if (!current || renew || now - current.madeAt >= renewAfter)
      current = { token: mint(aws, cluster, ctx), madeAt: now };
    return current.token;
  };
}

/**
 * `k8s-aws-v1.` and a presigned GET of the region's STS. Only `host` and `x-k8s-aws-id` are signed: the verifier refuses every other header,
 * among them those that an SDK command adds (https://github.com/eksctl-io/eksctl/issues/7486), so the signer is asked directly.
 */
async function mint(aws: Aws, cluster: string, ctx: Context): Promise<string> {
  const sts = await stsClient(aws);
  const hostname = `sts.${aws.region}.${aws.dnsSuffix}`;
  try {
    const signer = await sts.config.signer({
      name: "sigv4",
      signingName: "sts",
      signingRegion: aws.region,
      properties: {},
    });
    if (!("presign" in signer) || typeof signer.presign !== "function")
      throw new Error("the STS signer cannot presign");
    const signed = await signer.presign(
      {
        method: "GET",
        protocol: "https:",
        hostname,
        path: "/",
        query: { Action: "GetCallerIdentity", Version: "2011-06-15" },
        headers: { host: hostname, "x-k8s-aws-id": cluster },
      },
      { expiresIn: 60, signingDate: new Date(ctx.clock.now()) },
    );
    const query = Object.entries(signed.query as Record<string, string>)
      .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
      .join("&");
    const token = `k8s-aws-v1.${Buffer.from(`https://${hostname}/?${query}`).toString("base64url")}`;
    ctx.mask(token);
    return token;
  } catch (thrown) {
    throw fromAws(thrown, `making a token for the cluster ${cluster}`);
  }
}
