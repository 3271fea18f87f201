import { randomUUID } from "node:crypto";
import { jsonService } from "./json.ts";
import { AwsError, type AwsService } from "./service.ts";

/** A certificate of ACM; tests set its fields. Times in milliseconds since the epoch. */
export interface Certificate {
  readonly arn: string;
  domain: string;
  names: readonly string[];
  /** `ISSUED`, `PENDING_VALIDATION`, `INACTIVE`, `EXPIRED`, `VALIDATION_TIMED_OUT`, `REVOKED`, `FAILED`. */
  status: string;
  failureReason?: string;
  type: "AMAZON_ISSUED" | "IMPORTED" | "PRIVATE";
  notBefore: number;
  notAfter: number;
  renewal?: string;
  managedBy?: string;
  inUseBy: readonly string[];
}

/** Certificates of one account and region. */
export class AcmState {
  readonly certificates = new Map<string, Certificate>();
  private readonly base: string;

  constructor(account: string, region: string, partition: string) {
    this.base = `arn:${partition}:acm:${region}:${account}:certificate/`;
  }

  /** Adds an issued certificate for these names, valid for 395 days. */
  add(names: readonly string[], now: number, over: Partial<Certificate> = {}): Certificate {
    const [domain = ""] = names;
    const certificate: Certificate = {
      arn: `${this.base}${randomUUID()}`,
      domain,
      names,
      status: "ISSUED",
      type: "AMAZON_ISSUED",
      notBefore: now - 86_400_000,
      notAfter: now + 395 * 86_400_000,
      inUseBy: [],
      ...over,
    };
    this.certificates.set(certificate.arn, certificate);
    return certificate;
  }
}

/** ACM: DescribeCertificate. */
export function createAcm(acm: AcmState): AwsService {
  return jsonService(
    "acm",
    "CertificateManager",
    {
      DescribeCertificate: {
        resource: ({ CertificateArn }) => String(CertificateArn),
        run: ({ CertificateArn }) => {
          const arn = String(CertificateArn);
          if (!/^arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:\d+:[\w+=,.@-]+(\/[\w+=,.@-]+)*$/.test(arn))
            throw new AwsError(
              400,
              "ValidationException",
              `1 validation error detected: Value '${arn}' at 'certificateArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:[\\w+=/,.@-]+:[\\w+=/,.@-]+:[\\w+=/,.@-]*:[0-9]+:[\\w+=,.@-]+(/[\\w+=,.@-]+)*`,
            );
          const found = acm.certificates.get(arn);
          if (!found) throw new AwsError(400, "ResourceNotFoundException", `Could not find certificate ${arn}.`);
          return { Certificate: show(found) };
        },
      },
    },
    ({ resource }) => [resource],
  );
}

function show(certificate: Certificate) {
  const issued = !["PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED"].includes(certificate.status);
  const imported = certificate.type === "IMPORTED";
  const from = new Date(certificate.notBefore);
  return {
    CertificateArn: certificate.arn,
    DomainName: certificate.domain,
    SubjectAlternativeNames: certificate.names,
    Status: certificate.status,
    FailureReason: certificate.failureReason,
    Type: certificate.type,
    ...(issued ? { NotBefore: from, NotAfter: new Date(certificate.notAfter) } : {}),
    ...(imported ? { ImportedAt: from } : { CreatedAt: from, IssuedAt: issued ? from : undefined }),
    RenewalEligibility: imported ? "INELIGIBLE" : "ELIGIBLE",
    RenewalSummary: certificate.renewal && {
      RenewalStatus: certificate.renewal,
      DomainValidationOptions: [],
      UpdatedAt: from,
    },
    KeyAlgorithm: "EC_prime256v1",
    InUseBy: certificate.inUseBy,
    ManagedBy: certificate.managedBy,
  };
}
