import { errorAnswer } from "../aws/protocol.ts";
import { AwsError } from "../aws/service.ts";
import { xmlDocument } from "../aws/xml.ts";
import type { Answer } from "../http.ts";

/** An error of S3 with headers of its own (`x-amz-bucket-region`, `content-range`). */
export class S3Error extends AwsError {
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    detail: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(status, code, message, detail);
    this.headers = headers;
  }
}

/** The error as S3 writes it. */
export function s3ErrorAnswer(error: AwsError): Answer {
  const plain = errorAnswer("s3", error);
  return error instanceof S3Error ? { ...plain, headers: { ...plain.headers, ...error.headers } } : plain;
}

/** What Complete, CopyObject and UploadPartCopy may answer long after their 200 went out. For scripted faults. */
export function errorInside200(code: string, message: string): Answer {
  return {
    status: 200,
    headers: { "content-type": "application/xml", "x-amz-request-id": "SANDBOX0FAULT000" },
    body: xmlDocument("Error", undefined, { Code: code, Message: message, RequestId: "SANDBOX0FAULT000" }),
  };
}

/** 503 as S3 asks for less. For scripted faults. */
export function slowDown(retryAfterSeconds?: number): Answer {
  const plain = errorAnswer("s3", new AwsError(503, "SlowDown", "Please reduce your request rate."));
  if (retryAfterSeconds === undefined) return plain;
  return { ...plain, headers: { ...plain.headers, "retry-after": String(retryAfterSeconds) } };
}

/** A key has at most so many bytes in UTF-8. */
export const longestKey = 1_024;

// Codes and texts: "Error responses", Amazon S3 API reference.
export const refused = {
  accessDenied: () => new S3Error(403, "AccessDenied", "Access Denied"),
  badDigest: (algorithm: string) =>
    new S3Error(400, "BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`),
  invalidRequest: (message: string) => new S3Error(400, "InvalidRequest", message),
  invalidArgument: (message: string, name: string, value: string) =>
    new S3Error(400, "InvalidArgument", message, { ArgumentName: name, ArgumentValue: value }),
  keyTooLong: (size: number) =>
    new S3Error(400, "KeyTooLongError", "Your key is too long", { Size: size, MaxSizeAllowed: longestKey }),
  malformedXml: () =>
    new S3Error(
      400,
      "MalformedXML",
      "The XML you provided was not well-formed or did not validate against our published schema",
    ),
  noSuchBucket: (bucket: string) =>
    new S3Error(404, "NoSuchBucket", "The specified bucket does not exist", { BucketName: bucket }),
  noSuchKey: (key: string) => new S3Error(404, "NoSuchKey", "The specified key does not exist.", { Key: key }),
  noSuchUpload: (id: string) =>
    new S3Error(
      404,
      "NoSuchUpload",
      "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
      { UploadId: id },
    ),
  preconditionFailed: (condition: string) =>
    new S3Error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold", {
      Condition: condition,
    }),
  conflict: (condition: string, key: string) =>
    new S3Error(
      409,
      "ConditionalRequestConflict",
      "The conditional request cannot succeed due to a conflicting operation against this resource.",
      { Condition: condition, Key: key },
    ),
  notImplemented: (header: string, info: string) =>
    new S3Error(501, "NotImplemented", "A header you provided implies functionality that is not implemented", {
      Header: header,
      additionalMessage: info,
    }),
  incompleteBody: () =>
    new S3Error(
      400,
      "IncompleteBody",
      "You did not provide the number of bytes specified by the Content-Length HTTP header",
    ),
  tooLarge: (size: number, limit: number) =>
    new S3Error(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", {
      ProposedSize: size,
      MaxSizeAllowed: limit,
    }),
};
