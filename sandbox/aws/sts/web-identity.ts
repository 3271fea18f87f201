import { type Claims, claimsOf, type Issuer } from "../../github/jwt.ts";
import type { IamState, OidcProvider, Role } from "../iam/state.ts";
import { AwsError } from "../service.ts";
import { trusts } from "./trust.ts";

/** What STS found in a token that holds. */
export interface WebIdentity {
  readonly role: Role;
  readonly subject: string;
  readonly audience: string;
  readonly provider: OidcProvider;
}

/** Issuers whose keys can be fetched, by URL; undefined: does not answer. */
export type Issuers = (url: string) => Issuer | undefined;

const invalid = (message: string) => new AwsError(400, "InvalidIdentityToken", message);

/** Judges a token and the role's trust in it. Errors: AssumeRoleWithWebIdentity, STS API reference. */
export function judgeToken(iam: IamState, issuers: Issuers, token: string, roleArn: string): WebIdentity {
  const claims = claimsOf(token);
  const url = claims?.["iss"];
  if (!claims || typeof url !== "string")
    throw invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)");
  const host = url.replace("https://", "");
  const provider = iam.provider(iam.arn("oidc-provider", host));
  if (!provider) throw invalid(`No OpenIDConnect provider found in your account for ${url}`);
  const issuer = issuers(url);
  if (!issuer)
    throw new AwsError(
      400,
      "IDPCommunicationError",
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  if (!issuer.signed(token))
    throw invalid("Couldn't verify the signature of the provided token with the keys of your identity provider");
  checkTimes(claims, iam.now());
  const audience = audienceOf(claims, provider);
  const subject = claims["sub"];
  if (typeof subject !== "string" || subject === "") throw invalid("Missing a required claim: sub");
  const role = iam.assumableRole(roleArn);
  const context = { ...conditionKeys(host, claims), [`${host}:aud`]: audience, [`${host}:sub`]: subject };
  const asker = { kind: "Federated", arn: provider.arn } as const;
  if (!role || !trusts(role, asker, "sts:AssumeRoleWithWebIdentity", context))
    throw new AwsError(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
  return { role, subject, audience, provider };
}

function checkTimes(claims: Claims, now: number): void {
  const { exp, nbf } = claims;
  if (typeof exp !== "number") throw invalid("Missing a required claim: exp");
  const seconds = Math.floor(now / 1000);
  if (seconds >= exp)
    throw new AwsError(
      400,
      "ExpiredTokenException",
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${exp}`,
    );
  // A few minutes of difference between clocks are granted.
  if (typeof nbf === "number" && nbf > seconds + 300) throw invalid("The ID Token provided is not valid yet");
}

function audienceOf(claims: Claims, provider: OidcProvider): string {
  const { aud } = claims;
  const given = (Array.isArray(aud) ? aud : [aud]).filter((value): value is string => typeof value === "string");
  const known = given.find((value) => provider.clients.includes(value));
  if (known === undefined) throw invalid("Incorrect token audience");
  return known;
}

/** Claims that STS offers as condition keys: the issuer's own for GitHub, `aud`, `sub`, `amr` for all. */
function conditionKeys(host: string, claims: Claims): Readonly<Record<string, string>> {
  const github = [
    "actor",
    "actor_id",
    "environment",
    "job_workflow_ref",
    "ref",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "workflow",
    "enterprise_id",
  ];
  const offered = host === "token.actions.githubusercontent.com" ? github : [];
  return Object.fromEntries(
    offered.flatMap((name) => (typeof claims[name] === "string" ? [[`${host}:${name}`, claims[name]] as const] : [])),
  );
}
