import { acmClient } from "../aws/acm.ts";
import { errorName, fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";

/** What Certificate Manager says of a certificate. */
export interface CertificateFacts {
  readonly arn: string;
  /** `ISSUED`, `PENDING_VALIDATION`, `INACTIVE`, `EXPIRED`, `VALIDATION_TIMED_OUT`, `REVOKED`, `FAILED`; `NOT_FOUND` where there is none. */
  readonly status: string;
  readonly failureReason: string | undefined;
  /** All names that it covers, wildcards as they are. */
  readonly names: readonly string[];
  /** Milliseconds since the epoch. */
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
  /** `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`. */
  readonly type: string;
  /** `PENDING_AUTO_RENEWAL`, `PENDING_VALIDATION`, `SUCCESS`, `FAILED`; absent outside a renewal. */
  readonly renewal: string | undefined;
  /** `CLOUDFRONT` where another service keeps it. */
  readonly managedBy: string | undefined;
}

/** Reads one certificate. One that does not exist is a fact, not an error; a refused read is `AWS_ACCESS_DENIED`. */
export async function certificateFacts(arn: string, aws: Aws, signal: AbortSignal): Promise<CertificateFacts> {
  const { DescribeCertificateCommand } = await import("@aws-sdk/client-acm");
  const client = await acmClient(aws);
  try {
    const answer = await client.send(new DescribeCertificateCommand({ CertificateArn: arn }), { abortSignal: signal });
    const certificate = answer.Certificate ?? {};
    return {
      arn,
      status: certificate.Status ?? "",
      failureReason: certificate.FailureReason,
      names: [...new Set([certificate.DomainName ?? "", ...(certificate.SubjectAlternativeNames ?? [])])].filter(
        (name) => name !== "",
      ),
      notBefore: certificate.NotBefore?.getTime(),
      notAfter: certificate.NotAfter?.getTime(),
      type: certificate.Type ?? "",
      renewal: certificate.RenewalSummary?.RenewalStatus,
      managedBy: certificate.ManagedBy,
    };
  } catch (thrown) {
    if (errorName(thrown) === "ResourceNotFoundException") return missing(arn);
    throw fromAws(thrown, `reading the certificate ${arn}`);
  }
}

function missing(arn: string): CertificateFacts {
  return {
    arn,
    status: "NOT_FOUND",
    failureReason: undefined,
    names: [],
    notBefore: undefined,
    notAfter: undefined,
    type: "",
    renewal: undefined,
    managedBy: undefined,
  };
}
