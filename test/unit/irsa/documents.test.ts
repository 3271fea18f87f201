import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { podIdentityTrust, policyDocument, webIdentityTrust } from "../../../src/irsa/documents.ts";
import { type Request, verdict } from "./judge-of-permission.ts";

const place = { account: "210987654321", partition: "aws", region: "us-east-2", dnsSuffix: "amazonaws.com" };
const issuer = "https://oidc.eks.us-east-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
const host = issuer.replace("https://", "");
const provider = `arn:aws:iam::${place.account}:oidc-provider/${host}`;

/** The guide's `inference-pod-policy.json` and `inference-pod-trust.json`, filled in. */
const guidePolicy = {
  Version: "2012-10-17",
  Statement: [
    { Sid: "S3ListBucket", Effect: "Allow", Action: ["s3:ListBucket"], Resource: "arn:aws:s3:::acme-models" },
    {
      Sid: "S3ReadObjects",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:GetObjectTagging"],
      Resource: "arn:aws:s3:::acme-models/*",
    },
    { Sid: "S3GetBucketLocation", Effect: "Allow", Action: ["s3:GetBucketLocation"], Resource: "*" },
    {
      Sid: "KMSDecryptForS3",
      Effect: "Allow",
      Action: ["kms:Decrypt", "kms:DescribeKey"],
      Resource: "arn:aws:kms:us-east-2:210987654321:key/k",
    },
  ],
};
const guideTrust = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Federated: provider },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: {
          [`${host}:aud`]: "sts.amazonaws.com",
          [`${host}:sub`]: "system:serviceaccount:poolside-models:inference",
        },
      },
    },
  ],
};

describe("the documents", () => {
  const grant = { partition: "aws", bucket: "acme-models", folders: undefined, keyArn: undefined };

  it("are the guide's, letter for letter", () => {
    expect(policyDocument({ ...grant, keyArn: "arn:aws:kms:us-east-2:210987654321:key/k" })).toEqual(guidePolicy);
    const subject = { cluster: "poolside", namespace: "poolside-models", serviceAccount: "inference" };
    expect(webIdentityTrust(subject, issuer, place)).toEqual(guideTrust);
  });

  it("leave the key's statement out where the bucket has none", () => {
    expect(policyDocument(grant).Statement).toEqual(guidePolicy.Statement.slice(0, 3));
  });

  it.each(["aws-cn", "aws-us-gov", "aws-eusc", "aws-iso-b"])("are written for the partition %s", (partition) => {
    const text = JSON.stringify([
      policyDocument({ ...grant, partition, folders: ["checkpoints/point/"] }),
      webIdentityTrust({ cluster: "c", namespace: "n", serviceAccount: "s" }, issuer, { ...place, partition }),
    ]);
    expect(text.match(/arn:[^:]*:/g)?.every((start) => start === `arn:${partition}:`)).toBe(true);
  });
});

describe("the policy of folders", () => {
  const folder = fc
    .array(fc.stringMatching(/^[a-z*?${}]{1,4}$/), { minLength: 1, maxLength: 3 })
    .map((parts) => `${parts.join("/")}/`);

  it("grants what lies below them and nothing beside, whatever characters their names have", () => {
    fc.assert(
      fc.property(folder, folder, fc.stringMatching(/^[a-z/]{0,4}$/), (mine, other, rest) => {
        const document = policyDocument({ partition: "aws", bucket: "b", folders: [mine], keyArn: undefined });
        const read = (key: string): Request => ({
          action: "s3:GetObject",
          resource: `arn:aws:s3:::b/${key}`,
          context: {},
        });
        expect(verdict(document as never, read(`${mine}${rest}`))).toBe("allow");
        const beside = `${other}${rest}`;
        expect(verdict(document as never, read(beside))).toBe(beside.startsWith(mine) ? "allow" : "nothing");
      }),
      { numRuns: 1_000 },
    );
  });

  it("lists a folder with and without its slash, and no sibling", () => {
    const document = policyDocument({ partition: "aws", bucket: "b", folders: ["c/xs/"], keyArn: undefined });
    const list = (prefix: string) =>
      verdict(document as never, {
        action: "s3:ListBucket",
        resource: "arn:aws:s3:::b",
        context: { "s3:prefix": prefix },
      });
    expect(["c/xs", "c/xs/", "c/xs/tokenizer/"].map(list)).toEqual(["allow", "allow", "allow"]);
    expect(["c/xs-2/", "c/", "", "c/x"].map(list)).toEqual(["nothing", "nothing", "nothing", "nothing"]);
  });
});

describe("the trust policy", () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
  const subjects = fc.record({ cluster: label, namespace: label, serviceAccount: label });

  it("lets in exactly its audience and subject, and holds no pattern", () => {
    fc.assert(
      fc.property(subjects, subjects, fc.constantFrom("sts.amazonaws.com", "sigstore", "*"), (mine, other, aud) => {
        const document = webIdentityTrust(mine, issuer, place);
        expect(JSON.stringify(document)).not.toMatch(/[*?$]/);
        expect(Object.keys(document.Statement[0]!.Condition!)).toEqual(["StringEquals"]);
        const ask = (sub: string): Request => ({
          action: "sts:AssumeRoleWithWebIdentity",
          principal: ["Federated", provider],
          context: { [`${host}:aud`.toLowerCase()]: aud, [`${host}:sub`.toLowerCase()]: sub },
        });
        const sub = (of: typeof mine) => `system:serviceaccount:${of.namespace}:${of.serviceAccount}`;
        const right = aud === "sts.amazonaws.com";
        expect(verdict(document as never, ask(sub(mine)))).toBe(right ? "allow" : "nothing");
        const same = mine.namespace === other.namespace && mine.serviceAccount === other.serviceAccount;
        expect(verdict(document as never, ask(sub(other)))).toBe(right && same ? "allow" : "nothing");
        for (const near of [`${sub(mine)}x`, sub(mine).slice(0, -1), sub(mine).toUpperCase(), "*"])
          expect(verdict(document as never, ask(near))).toBe("nothing");
      }),
    );
  });

  it("is not written for a name that is a pattern, a variable or two names", () => {
    const hostile = fc.oneof(
      fc.constantFrom("*", "infer*", "a?b", "${aws:username}", "a:b", "a b", "", "A", "-a", "a\n"),
      fc.string().filter((text) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text)),
    );
    fc.assert(
      fc.property(hostile, fc.boolean(), (name, second) => {
        const subject = { cluster: "c", namespace: second ? "n" : name, serviceAccount: second ? name : "s" };
        const refused = expect.objectContaining({ code: "IRSA_SUBJECT" });
        expect(() => webIdentityTrust(subject, issuer, place)).toThrow(refused);
        expect(() => podIdentityTrust(subject)).toThrow(refused);
      }),
    );
  });
});
