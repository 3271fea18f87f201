import fc from "fast-check";
import type { Request } from "./judge-of-permission.ts";

export type Raw = Record<string, unknown>;

const actions = ["s3:GetObject", "s3:ListBucket", "s3:Get*", "kms:Decrypt", "*"];
const resources = ["arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a/x", "arn:aws:s3:::b/*", "*"];
const values = ["p", "q", "p*"];

/** One value, or a list of some. */
const oneOrSome = (of: readonly string[]) => fc.uniqueArray(fc.constantFrom(...of), { minLength: 1, maxLength: 3 });
const conditionArbitrary = fc.option(
  fc.dictionary(
    fc.constantFrom("StringEquals", "StringLike", "StringNotEquals"),
    fc.dictionary(fc.constantFrom("s3:prefix", "aws:tag"), oneOrSome(values), { minKeys: 1, maxKeys: 2 }),
    { minKeys: 1, maxKeys: 2 },
  ),
  { nil: undefined },
);
/** Any statement over a small alphabet, so that two of them often meet. */
export const statementArbitrary = fc
  .record({
    effect: fc.constantFrom("Allow", "Allow", "Deny"),
    not: fc.constantFrom("", "", "", "Action", "Resource"),
    action: oneOrSome(actions),
    resource: oneOrSome(resources),
    condition: conditionArbitrary,
  })
  .map(
    ({ effect, not, action, resource, condition }): Raw => ({
      Effect: effect,
      [not === "Action" ? "NotAction" : "Action"]: action,
      [not === "Resource" ? "NotResource" : "Resource"]: resource,
      ...(condition ? { Condition: condition } : {}),
    }),
  );
export const documentArbitrary = fc
  .array(statementArbitrary, { minLength: 1, maxLength: 3 })
  .map((Statement): Raw => ({ Version: "2012-10-17", Statement }));

/** Every request that could tell two of these documents apart. */
export const universe: readonly Request[] = ["s3:GetObject", "s3:GetBucketAcl", "s3:ListBucket", "kms:Decrypt"].flatMap(
  (action) =>
    ["arn:aws:s3:::a", "arn:aws:s3:::a/x", "arn:aws:s3:::a/y", "arn:aws:s3:::b/x", "arn:aws:s3:::c"].flatMap(
      (resource) =>
        [undefined, "p", "q", "pp"].flatMap((prefix) =>
          [undefined, "p", "q"].map((tag) => ({
            action,
            resource,
            context: { ...(prefix ? { "s3:prefix": prefix } : {}), ...(tag ? { "aws:tag": tag } : {}) },
          })),
        ),
    ),
);
