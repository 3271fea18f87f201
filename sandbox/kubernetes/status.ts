import type { Kind } from "./kinds.ts";

/** One cause inside a Status, as `FieldValueRequired` on `spec.selector`. */
export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** The API's own failure: becomes a `Status` object on the wire, worded as the real server words it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: number, reason: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  /** The `Status` object of the answer. */
  status(): Record<string, unknown> {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      reason: this.reason,
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** `deployments.apps`, or `pods` in the core group. */
export function qualified(kind: Kind): string {
  return kind.group === "" ? kind.resource : `${kind.resource}.${kind.group}`;
}

/** `Deployment.apps`, or `Pod`. */
export function qualifiedKind(kind: Kind): string {
  return kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
}

function details(kind: Kind, name: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, ...(kind.group === "" ? {} : { group: kind.group }), kind: kind.resource, ...more };
}

export function notFound(kind: Kind, name: string): ApiError {
  return new ApiError(404, "NotFound", `${qualified(kind)} "${name}" not found`, details(kind, name));
}

export function alreadyExists(kind: Kind, name: string): ApiError {
  return new ApiError(409, "AlreadyExists", `${qualified(kind)} "${name}" already exists`, details(kind, name));
}

/** A write against another resourceVersion or UID than the stored one. */
export function conflict(kind: Kind, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`;
  return new ApiError(409, "Conflict", message, details(kind, name));
}

/** Admission's and authorization's refusal: `pods "x" is forbidden: why`. */
export function forbidden(kind: Kind, name: string, why: string, causes?: readonly Cause[]): ApiError {
  const subject = name === "" ? `${qualified(kind)} is forbidden` : `${qualified(kind)} "${name}" is forbidden`;
  return new ApiError(403, "Forbidden", `${subject}: ${why}`, details(kind, name, causes ? { causes } : {}));
}

/** A finding of validation, as `spec.selector: Required value`. */
export interface FieldError {
  readonly field: string;
  readonly reason: "FieldValueRequired" | "FieldValueInvalid" | "FieldValueNotSupported" | "FieldValueDuplicate";
  readonly message: string;
}

/** 422 with every finding, worded as the server does: one plain, several in brackets. */
export function invalid(kind: Kind, name: string, errors: readonly FieldError[]): ApiError {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const whole = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const causes = errors.map(({ field, reason, message }) => ({ reason, message, field }));
  return new ApiError(422, "Invalid", `${qualifiedKind(kind)} "${name}" is invalid: ${whole}`, {
    name,
    ...(kind.group === "" ? {} : { group: kind.group }),
    kind: kind.kind,
    causes,
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, "BadRequest", message);
}

export function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

/** The path is no API at all: the server's plain 404. */
export function noSuchResource(): ApiError {
  return new ApiError(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): ApiError {
  return new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** A resourceVersion or continue token that history no longer reaches. */
export function expired(message: string): ApiError {
  return new ApiError(410, "Expired", message);
}

export function internal(message: string): ApiError {
  return new ApiError(500, "InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}
