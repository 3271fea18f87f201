import { asEksDeployError, type Catalogue, EksDeployError, RemoteError, UserError } from "../errors.ts";

/** Codes of AWS calls in general; rooms have their own for what they ask. */
export const awsErrors: Catalogue = {
  AWS_NO_REGION: {
    means: "No AWS region is known.",
    remedy: "Set aws-region, `aws.region` in the spec, or AWS_REGION.",
  },
  AWS_NO_CREDENTIALS: {
    means: "There are no AWS credentials.",
    remedy:
      "Give the job `permissions: id-token: write` and set role-to-assume, or run aws-actions/configure-aws-credentials before this step.",
  },
  AWS_CREDENTIALS_REFUSED: {
    means: "AWS does not accept the credentials: unknown key, wrong signature, or a session that ended.",
    remedy:
      "Make new credentials. With role-to-assume and `id-token: write` they renew themselves during the run; static ones cannot.",
  },
  AWS_ACCOUNT_MISMATCH: {
    means: "The credentials are of another AWS account than the expected one. Nothing was written.",
    remedy: "Use the role of the expected account, or correct aws-account-id (`aws.account` in the spec).",
  },
  AWS_ROLE_NOT_ASSUMED: {
    means: "The role in role-to-assume could not be assumed with the job's OIDC token.",
    remedy:
      "Compare the role's trust policy with the token's subject (repository, branch or environment) and its audience sts.amazonaws.com.",
  },
  AWS_OIDC_TOKEN: {
    means: "GitHub gave no OIDC token.",
    remedy: "Give the job `permissions: id-token: write`.",
  },
  AWS_ACCESS_DENIED: {
    means: "The role may not do what the step needs.",
    remedy: "Grant the action that the message names; docs/permissions.md lists the policies by role.",
  },
  AWS_BUSY: {
    means: "AWS kept answering that there are too many requests.",
    remedy: "Run again later; what was finished is not repeated.",
  },
  AWS_UNREACHABLE: {
    means: "An AWS endpoint could not be reached.",
    remedy: "Check the runner's way out: proxy (HTTPS_PROXY, NO_PROXY), DNS, firewall, AWS_ENDPOINT_URL.",
  },
  AWS_REFUSED: {
    means: "AWS refused a request for a reason of its own.",
    remedy: "Read AWS's words in the message.",
  },
  CLUSTER_NOT_FOUND: {
    means: "There is no EKS cluster of that name in the account and region.",
    remedy: "Correct cluster or aws-region; list what is there: aws eks list-clusters.",
  },
  AWS_FAILED: {
    means: "An AWS service failed, again and again.",
    remedy: "Run again; look at the AWS Health Dashboard if it stays so.",
  },
};

interface Thrown {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/** AWS's own name of an error (`NoSuchKey`, `AccessDenied`), whatever was thrown; empty where there is none. */
export function errorName(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : "";
}

/** HTTP status of an error of the SDK, where it came with an answer. */
export function errorStatus(thrown: unknown): number | undefined {
  return (thrown as Thrown | undefined)?.$metadata?.httpStatusCode;
}

const credentialProblems =
  /^(ExpiredToken|ExpiredTokenException|RequestExpired|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|InvalidAccessKeyId|InvalidToken|AuthFailure|MissingAuthenticationToken|MissingAuthenticationTokenException)$/;
const denials = /^(AccessDenied|AccessDeniedException|UnauthorizedOperation|AuthorizationError|Forbidden|403)$/;
const throttles =
  /^(Throttling|ThrottlingException|ThrottledException|RequestThrottled|RequestThrottledException|TooManyRequestsException|RequestLimitExceeded|SlowDown|PriorRequestNotComplete)$/;
const network =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|ERR_TLS_.*|CERT_.*|UNABLE_TO_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/;

/** What an AWS call threw, as one of ours. `doing` completes "while": "reading the role x". What is already one of ours passes. */
export function fromAws(thrown: unknown, doing: string): EksDeployError {
  if (thrown instanceof EksDeployError) return thrown;
  const { name = "", message = "", code = "", $metadata } = (thrown ?? {}) as Thrown;
  if (name === "AbortError") return asEksDeployError(thrown);
  const status = $metadata?.httpStatusCode;
  const said = `${name}${message && message !== name ? `: ${message}` : ""}`;
  const told = (what: string) => `${what} while ${doing} (${said}).`;
  if (name === "CredentialsProviderError")
    return new UserError("AWS_NO_CREDENTIALS", {
      happened: told("No AWS credentials were found"),
      next: "Give the job `permissions: id-token: write` and set role-to-assume, or configure credentials in an earlier step.",
      cause: thrown,
    });
  if (credentialProblems.test(name))
    return new UserError("AWS_CREDENTIALS_REFUSED", {
      happened: told("AWS does not accept the credentials"),
      next: "Make new ones, then run again: what was finished is not repeated. With role-to-assume and id-token: write they renew themselves.",
      cause: thrown,
    });
  if (denials.test(name) || (status === 403 && name !== "" && !message))
    return new UserError("AWS_ACCESS_DENIED", {
      happened: told("Access was denied"),
      next: "Grant the role of this step what docs/permissions.md lists for it.",
      cause: thrown,
    });
  if (throttles.test(name) || status === 429)
    return new RemoteError("AWS_BUSY", {
      happened: told("AWS asked for fewer requests, and kept asking"),
      next: "Run again later.",
      cause: thrown,
    });
  if (network.test(code) || network.test(name) || name === "TimeoutError")
    return new RemoteError("AWS_UNREACHABLE", {
      happened: told("AWS could not be reached"),
      next: "Check proxy (HTTPS_PROXY, NO_PROXY), DNS and firewall of the runner, and AWS_ENDPOINT_URL where it is set.",
      cause: thrown,
    });
  if (status !== undefined && status < 500)
    return new RemoteError("AWS_REFUSED", {
      happened: told("AWS refused"),
      next: "Read AWS's words above.",
      cause: thrown,
    });
  if (status !== undefined)
    return new RemoteError("AWS_FAILED", {
      happened: told(`AWS failed with status ${status}`),
      next: "Run again.",
      cause: thrown,
    });
  return asEksDeployError(thrown);
}
