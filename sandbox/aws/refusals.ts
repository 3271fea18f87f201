import { type Protocol, protocols } from "./protocol.ts";
import { AwsError } from "./service.ts";

/** Why the front door turns a request away, before its service sees it. */
export type Refusal =
  | { readonly why: "unsigned" }
  | { readonly why: "malformed"; readonly text: string }
  | { readonly why: "unknown-key"; readonly accessKeyId: string }
  | { readonly why: "wrong-token" }
  | { readonly why: "expired-token" }
  | { readonly why: "wrong-signature" }
  | { readonly why: "unsigned-headers"; readonly names: readonly string[] }
  | { readonly why: "wrong-region"; readonly given: string; readonly expected: string }
  | { readonly why: "skewed"; readonly stamp: string; readonly now: number; readonly early: boolean }
  | { readonly why: "expired-url"; readonly stamp: string; readonly expires: number; readonly now: number }
  | { readonly why: "payload" }
  | {
      readonly why: "denied";
      readonly arn: string;
      readonly action: string;
      readonly resource: string;
      readonly explicit: boolean;
      /** The kind of policy that says no, or does not say yes; default: the caller's own. */
      readonly by?: "resource-based";
    };

const mismatch =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/** The refusal as the service writes it. Codes: "Common errors" of each API reference, and S3's "Error responses". */
export function refusal(signingName: string, refused: Refusal): AwsError {
  const protocol = protocols[signingName]?.protocol ?? "rest-json";
  return protocol === "s3" ? fromS3(refused) : protocol === "ec2" ? fromEc2(refused) : common(refused, protocol);
}

function common(refused: Refusal, protocol: Protocol): AwsError {
  const json = protocol === "json" || protocol === "rest-json";
  const status = protocol === "json" ? 400 : 403;
  const signature = json ? "InvalidSignatureException" : "SignatureDoesNotMatch";
  switch (refused.why) {
    case "unsigned":
      return new AwsError(
        status,
        json ? "MissingAuthenticationTokenException" : "MissingAuthenticationToken",
        "Request is missing Authentication Token",
      );
    case "malformed":
      return new AwsError(
        status === 403 ? 400 : status,
        json ? "IncompleteSignatureException" : "IncompleteSignature",
        refused.text,
      );
    case "unknown-key":
    case "wrong-token":
      return new AwsError(
        status,
        json ? "UnrecognizedClientException" : "InvalidClientTokenId",
        "The security token included in the request is invalid.",
      );
    case "expired-token":
      return new AwsError(
        status,
        json ? "ExpiredTokenException" : "ExpiredToken",
        "The security token included in the request is expired",
      );
    case "wrong-signature":
    case "payload":
      return new AwsError(status, signature, mismatch);
    case "unsigned-headers":
      return new AwsError(
        status,
        signature,
        `'${refused.names.join(";")}' must be a 'SignedHeader' in the AWS Authorization header.`,
      );
    case "wrong-region":
      return new AwsError(status, signature, `Credential should be scoped to a valid region, not '${refused.given}'. `);
    case "skewed":
      return new AwsError(status, signature, skewText(refused));
    case "expired-url":
      return new AwsError(
        status,
        signature,
        `Signature expired: ${refused.stamp} is now earlier than ${stampOf(refused.now - refused.expires * 1000)} (${stampOf(refused.now)} - ${refused.expires} sec.)`,
      );
    case "denied":
      return new AwsError(status, json ? "AccessDeniedException" : "AccessDenied", deniedText(refused));
  }
}

function fromEc2(refused: Refusal): AwsError {
  switch (refused.why) {
    case "unsigned":
      return new AwsError(400, "MissingParameter", "The request must contain the parameter AWSAccessKeyId");
    case "expired-token":
    case "skewed":
    case "expired-url":
      return new AwsError(400, "RequestExpired", "Request has expired.");
    case "denied":
      return new AwsError(
        403,
        "UnauthorizedOperation",
        `You are not authorized to perform this operation. ${deniedText(refused)}`,
      );
    default:
      return new AwsError(401, "AuthFailure", "AWS was not able to validate the provided access credentials");
  }
}

function fromS3(refused: Refusal): AwsError {
  switch (refused.why) {
    case "unsigned":
      return new AwsError(403, "AccessDenied", "Access Denied");
    case "malformed":
      return new AwsError(
        400,
        "AuthorizationHeaderMalformed",
        `The authorization header is malformed; ${refused.text}`,
      );
    case "unknown-key":
      return new AwsError(
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
        { AWSAccessKeyId: refused.accessKeyId },
      );
    case "wrong-token":
      return new AwsError(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
    case "expired-token":
      return new AwsError(400, "ExpiredToken", "The provided token has expired.");
    case "wrong-signature":
      return new AwsError(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
      );
    case "unsigned-headers":
      return new AwsError(403, "AccessDenied", "There were headers present in the request which were not signed", {
        HeadersNotSigned: refused.names.join(", "),
      });
    case "wrong-region":
      return new AwsError(
        400,
        "AuthorizationHeaderMalformed",
        `The authorization header is malformed; the region '${refused.given}' is wrong; expecting '${refused.expected}'`,
        { Region: refused.expected },
      );
    case "skewed":
      return new AwsError(
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        {
          RequestTime: refused.stamp,
          ServerTime: new Date(refused.now).toISOString(),
          MaxAllowedSkewMilliseconds: 900_000,
        },
      );
    case "expired-url":
      return new AwsError(403, "AccessDenied", "Request has expired", {
        "X-Amz-Expires": refused.expires,
        Expires: new Date(timeOf(refused.stamp) + refused.expires * 1000).toISOString(),
        ServerTime: new Date(refused.now).toISOString(),
      });
    case "payload":
      return new AwsError(
        400,
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    case "denied":
      // S3 alone quotes the resource.
      return new AwsError(403, "AccessDenied", deniedText(refused, JSON.stringify(refused.resource)));
  }
}

function skewText(refused: Extract<Refusal, { why: "skewed" }>): string {
  const now = stampOf(refused.now);
  return refused.early
    ? `Signature not yet current: ${refused.stamp} is still later than ${stampOf(refused.now + 900_000)} (${now} + 15 min.)`
    : `Signature expired: ${refused.stamp} is now earlier than ${stampOf(refused.now - 900_000)} (${now} - 15 min.)`;
}

function deniedText(refused: Extract<Refusal, { why: "denied" }>, resource: string = refused.resource): string {
  const by = refused.by ?? "identity-based";
  const reason = refused.explicit
    ? `with an explicit deny in ${by === "identity-based" ? "an" : "a"} ${by} policy`
    : `because no ${by} policy allows the ${refused.action} action`;
  const on = refused.resource === "*" ? "" : ` on resource: ${resource}`;
  return `User: ${refused.arn} is not authorized to perform: ${refused.action}${on} ${reason}`;
}

/** `20261124T054200Z`. */
export function stampOf(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

function timeOf(stamp: string): number {
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}
