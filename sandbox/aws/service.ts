import type { Answer, Call } from "../http.ts";
import type { Operation } from "../requests.ts";

/** Who signed a request, as the front door found out. */
export interface Caller {
  readonly arn: string;
  readonly account: string;
  readonly accessKeyId: string;
  readonly userId: string;
  /** Region of the credential scope; S3 compares it with the bucket's. Absent for unsigned calls. */
  readonly region?: string;
}

/**
 * One AWS service behind the common endpoint. The endpoint has verified signature, time, region and session before `handle`;
 * the hash in `x-amz-content-sha256` is compared with the body by the endpoint, except for `s3`, which compares while it consumes
 * (the header is signed; with a presigned URL it is absent and counts as `UNSIGNED-PAYLOAD`).
 */
export interface AwsService {
  /** Service name of the credential scope: `s3`, `ecr`, `iam`, ... */
  readonly signingName: string;
  /** Names the request; throws `NotBuilt` for a call that the sandbox does not have. Must not consume the body of a stream. */
  identify(call: Call): Promise<Operation>;
  /** Does it. May throw `AwsError`, which is then written in the service's protocol. */
  handle(call: Call, operation: Operation, caller: Caller): Promise<Answer | undefined>;
  /** ARNs that an operation acts on, for the policies of role sessions; absent: `*`. */
  arns?(operation: Operation): readonly string[];
}

/** An error as AWS answers it. `status` and `code` as the API reference of the service has them. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;
  /** Further members of the error's shape, for protocols that carry them. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, detail: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** A call that no product call makes, so that the sandbox does not have it. Answered with 501, and the world hears of it. */
export class NotBuilt extends Error {
  readonly service: string;
  readonly operation: string;

  constructor(service: string, operation: string) {
    super(`the sandbox does not build ${service}:${operation}`);
    this.service = service;
    this.operation = operation;
  }
}
