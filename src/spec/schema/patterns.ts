/** Rules of fields, as JSON Schema patterns (ECMA-262). */
export const patterns = {
  account: "^[0-9]{12}$",
  region: "^[a-z]{2,}(-[a-z]+)+-[0-9]+$",
  /** An RFC 1123 label. */
  label: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
  release: "^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$",
  bucket: "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
  s3Place: "^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.*$",
  sha256: "^[0-9a-f]{64}$",
  roleArn: "^arn:[a-z-]+:iam::[0-9]{12}:role/.+$",
  certificateArns:
    "^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[^, ]+( *, *arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[^, ]+)*$",
  keyReference: "^(secretsmanager:[^#]+(#.+)?|ssm:.+)$",
} as const;
