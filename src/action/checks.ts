import { InputProblem } from "./contract.ts";

/** An AWS account id: twelve digits. */
export function isAccount(value: string): void {
  if (!/^\d{12}$/.test(value)) throw new InputProblem(`must be an AWS account id of 12 digits; it is "${value}"`);
}

/** An RFC 1123 label, at most 63 characters (names of namespaces, service accounts, model keys). */
export function isDnsLabel(value: string): void {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value)) {
    throw new InputProblem(
      `must be lower-case letters, digits and "-", at most 63, beginning and ending with a letter or digit; it is "${value}"`,
    );
  }
}

/** A Helm release name: an RFC 1123 label of at most 53 characters (Helm's own limit). */
export function isReleaseName(value: string): void {
  isDnsLabel(value);
  if (value.length > 53) throw new InputProblem(`must be at most 53 characters; it has ${value.length}`);
}

/** A general-purpose S3 bucket name. */
export function isBucket(value: string): void {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value))
    throw new InputProblem(`must be the name of an S3 bucket; it is "${value}"`);
}
