import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decide, matches, subsumes } from "../../../src/irsa/evaluate.ts";
import { atomsOf } from "../../../src/irsa/meaning.ts";
import { wideStatements, wideTrust } from "../../../src/irsa/wide.ts";
import { verdict } from "./judge-of-permission.ts";
import { documentArbitrary, universe } from "./random-documents.ts";

const pattern = fc.stringMatching(/^[ab/*?]{0,5}$/);
/** All texts of up to four letters. */
const texts = Array.from({ length: 5 }, (_, length) => length).flatMap((length) =>
  Array.from({ length: 3 ** length }, (_, number) =>
    Array.from({ length }, (_, at) => "ab/"[Math.floor(number / 3 ** at) % 3]).join(""),
  ),
);

describe("a pattern", () => {
  it("takes the texts that the judge says", () => {
    fc.assert(
      fc.property(pattern, fc.constantFrom(...texts), (some, text) => {
        const document = { Version: "2012-10-17", Statement: { Effect: "Allow", Action: "*", Resource: some } };
        const judged = verdict(document, { action: "x", resource: text, context: {} }) === "allow";
        expect(matches(some, text, false)).toBe(judged);
      }),
    );
  });

  it("is never said to hold another one that takes a text which it does not take", () => {
    let held = 0;
    fc.assert(
      fc.property(pattern, pattern, (outer, inner) => {
        if (!subsumes(outer, inner, false)) return;
        held += 1;
        for (const text of texts) if (matches(inner, text, false)) expect(matches(outer, text, false)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(held).toBeGreaterThan(50);
  });
});

describe("a decision", () => {
  const of = (statement: object) => atomsOf({ Version: "2012-10-17", Statement: [statement] });
  const request = { action: "s3:GetObject", resource: "arn:aws:s3:::a/x", context: { "aws:tag": "p" } };

  it.each([
    ["allowed", { Effect: "Allow", Action: "s3:Get*", Resource: "*" }],
    ["implicitDeny", { Effect: "Allow", Action: "s3:List*", Resource: "*" }],
    ["implicitDeny", { Effect: "Allow", NotAction: "s3:*", Resource: "*" }],
    ["allowed", { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::b/*" }],
    ["explicitDeny", { Effect: "Deny", Action: "*", Resource: "*" }],
    [
      "unsure",
      { Effect: "Allow", Action: "*", Resource: "*", Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } },
    ],
    ["unsure", { Effect: "Deny", Action: "*", Resource: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } }],
    ["allowed", { Effect: "Allow", Action: "*", Resource: "*", Condition: { StringLike: { "aws:tag": "p*" } } }],
    [
      "implicitDeny",
      { Effect: "Allow", Action: "*", Resource: "*", Condition: { StringNotEquals: { "aws:tag": "p" } } },
    ],
  ])("is %s", (answer, statement) => {
    expect(decide(of(statement), request)).toBe(answer);
  });
});

describe("a decision on any document", () => {
  const whole = universe.filter(({ context }) => Object.keys(context).length === 2);
  const words = { allow: "allowed", deny: "explicitDeny", nothing: "implicitDeny" } as const;

  it("is the judge's, where every condition key is known", () => {
    fc.assert(
      fc.property(documentArbitrary, fc.constantFrom(...whole), (document, { action, resource, context }) => {
        const request = { action, resource: resource!, context };
        expect(decide(atomsOf(document), request)).toBe(words[verdict(document, request)]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is never wrong where some are not: unsure, or the judge's for every value that they could have", () => {
    fc.assert(
      fc.property(documentArbitrary, fc.constantFrom(...whole), (document, { action, resource, context }) => {
        const blind = decide(atomsOf(document), { action, resource: resource!, context: {} });
        if (blind === "unsure") return;
        expect(words[verdict(document, { action, resource: resource!, context })]).toBe(blind);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a wide statement", () => {
  const needed = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::a/*" }],
  } as const;
  const wide = (Action: unknown, Resource: unknown, more: object = {}) =>
    wideStatements({ Version: "2012-10-17", Statement: { Effect: "Allow", Action, Resource, ...more } }, needed)
      .length > 0;

  it("is one that grants what is not needed", () => {
    expect(wide("s3:*", "arn:aws:s3:::a/*")).toBe(true);
    expect(wide("s3:GetObject", "arn:aws:s3:::*")).toBe(true);
    expect(wide(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*")).toBe(true);
    expect(wide("s3:getobject", "arn:aws:s3:::a/checkpoints/*")).toBe(false);
    expect(wideStatements({ Statement: { Effect: "Deny", Action: "*", Resource: "*" } }, needed)).toEqual([]);
  });

  it("is a trust that lets in more than the one service account", () => {
    const subject = { cluster: "c", namespace: "n", serviceAccount: "s" };
    const trust = (sub: unknown, operator = "StringEquals", aud: object = { "h/id:aud": "sts.amazonaws.com" }) =>
      wideTrust(
        {
          Version: "2012-10-17",
          Statement: {
            Effect: "Allow",
            Action: "sts:AssumeRoleWithWebIdentity",
            Principal: { Federated: "arn:aws:iam::1:oidc-provider/h/id" },
            Condition: { [operator]: { ...aud, "h/id:sub": sub } },
          },
        },
        subject,
        "https://h/id",
      ).length > 0;
    expect(trust("system:serviceaccount:n:s")).toBe(false);
    expect(trust(["system:serviceaccount:n:s", "system:serviceaccount:n:t"])).toBe(true);
    expect(trust("system:serviceaccount:n:s", "StringLike")).toBe(true);
    expect(trust("system:serviceaccount:n:s", "StringEquals", {})).toBe(true);
  });
});
