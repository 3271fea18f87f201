import { describe, expect, it } from "vitest";
import { webIdentityTrust } from "../../../src/irsa/documents.ts";
import { parseDocument, sameMeaning } from "../../../src/irsa/meaning.ts";

const place = { account: "210987654321", partition: "aws", region: "us-east-2", dnsSuffix: "amazonaws.com" };
const subject = { cluster: "poolside", namespace: "poolside-models", serviceAccount: "inference" };
const trust = webIdentityTrust(subject, "https://oidc.eks.us-east-2.amazonaws.com/id/ABC", place);
const statement = (over: object) => ({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "sts:AssumeRole", ...over },
});

describe("a trust policy", () => {
  it("means the same percent-encoded", () => {
    expect(sameMeaning(parseDocument(encodeURIComponent(JSON.stringify(trust))), trust)).toBe(true);
  });

  it("means the same with a principal that was deleted: its id is nobody", () => {
    const dead = { Effect: "Allow", Principal: { AWS: "AROAJQABLZS4A3QDU576Q" }, Action: "sts:AssumeRole" };
    expect(sameMeaning({ ...trust, Statement: [...trust.Statement, dead] }, trust)).toBe(true);
  });

  it("means something else with a living principal more", () => {
    const more = { Effect: "Allow", Principal: { AWS: "arn:aws:iam::1:role/x" }, Action: "sts:AssumeRole" };
    expect(sameMeaning({ ...trust, Statement: [...trust.Statement, more] } as never, trust)).toBe(false);
  });

  it("names an account by its id or by its root", () => {
    const id = statement({ Principal: { AWS: "210987654321" } });
    const root = statement({ Principal: { AWS: "arn:aws:iam::210987654321:root" } });
    expect(sameMeaning(id, root)).toBe(true);
    expect(sameMeaning(statement({ Principal: "*" }), statement({ Principal: { AWS: "*" } }))).toBe(true);
    expect(sameMeaning(statement({ Principal: "*" }), id)).toBe(false);
  });

  it("loses its meaning with its audience, and with StringLike in place of StringEquals", () => {
    const text = JSON.stringify(trust);
    expect(sameMeaning(parseDocument(text.replace("sts.amazonaws.com", "sigstore")), trust)).toBe(false);
    expect(sameMeaning(parseDocument(text.replace("StringEquals", "StringLike")), trust)).toBe(false);
  });
});

describe("a document of the old version", () => {
  const resource = "arn:aws:s3:::a/${aws:username}/*";
  const of = (Version: string, Resource: string) => ({
    Version,
    Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource }],
  });

  it("means something else where it holds a variable, which was text then", () => {
    expect(sameMeaning(of("2008-10-17", resource), of("2012-10-17", resource))).toBe(false);
    expect(sameMeaning(of("2008-10-17", "*"), of("2012-10-17", "*"))).toBe(true);
  });
});

describe("a negated list", () => {
  const allBut = (...NotAction: string[]) => ({ Effect: "Allow", NotAction, Resource: "*" });
  const of = (...Statement: object[]) => ({ Version: "2012-10-17", Statement });

  it("excludes all its names at once: split in two it would exclude none", () => {
    const both = of(allBut("iam:*", "s3:*"));
    expect(sameMeaning(both, of(allBut("iam:*"), allBut("s3:*")))).toBe(false);
    expect(sameMeaning(both, of(allBut("S3:*", "iam:*")))).toBe(true);
  });
});

describe("a condition", () => {
  it("has values without order and keys without case", () => {
    const one = statement({ Condition: { StringEquals: { "aws:SourceAccount": ["1", "2"] } } });
    const other = statement({ Condition: { StringEquals: { "AWS:sourceaccount": ["2", "1"] } } });
    expect(sameMeaning(one, other)).toBe(true);
  });

  it("takes true as text or as a boolean", () => {
    const one = statement({ Condition: { Bool: { "aws:SecureTransport": true } } });
    expect(sameMeaning(one, statement({ Condition: { Bool: { "aws:SecureTransport": "true" } } }))).toBe(true);
    expect(sameMeaning(one, statement({ Condition: { Bool: { "aws:SecureTransport": "false" } } }))).toBe(false);
  });
});

describe("what is no policy", () => {
  it.each(["", "null", "[]", "<xml/>", "%7Bbroken"])("is refused: %s", (text) => {
    expect(() => parseDocument(text)).toThrow(expect.objectContaining({ code: "IRSA_DOCUMENT" }));
  });
});
