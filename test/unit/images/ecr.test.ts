import { describe, expect, it } from "vitest";
import { endpointOf } from "../../../src/images/ecr/login.ts";
import { pullPolicy, samePolicy } from "../../../src/images/ecr/pull-policy.ts";
import { settingsText } from "../../../src/images/ecr/settings.ts";
import { templateFor } from "../../../src/images/ecr/templates.ts";

describe("a repository's pull policy", () => {
  const wanted = pullPolicy(["410987654321", "310987654321"], "aws");

  it("is the same when ECR reorders it, or gives a list of one as one", () => {
    const statement = {
      Action: ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"],
      Effect: "Allow",
      Principal: { AWS: ["arn:aws:iam::410987654321:root", "arn:aws:iam::310987654321:root"] },
      Sid: "EksDeployPull",
    };
    expect(samePolicy(JSON.stringify({ Statement: statement, Version: "2012-10-17" }), wanted)).toBe(true);
  });

  it("is another with another account, effect or action, and where there is none", () => {
    const text = JSON.stringify(wanted);
    expect(samePolicy(text.replace("310987654321", "510987654321"), wanted)).toBe(false);
    expect(samePolicy(text.replace("Allow", "Deny"), wanted)).toBe(false);
    expect(samePolicy(text.replace("ecr:BatchGetImage", "ecr:*"), wanted)).toBe(false);
    expect(samePolicy(undefined, wanted)).toBe(false);
    expect(samePolicy("{", wanted)).toBe(false);
  });

  it("has the partition's ARNs", () => {
    expect(JSON.stringify(pullPolicy(["310987654321"], "aws-cn"))).toContain("arn:aws-cn:iam::310987654321:root");
  });
});

describe("a creation template", () => {
  const templates = ["ROOT", "team", "team/models/"].map((prefix) => ({ prefix, mutability: "MUTABLE" }));

  it("is the one of the longest prefix of whole path parts, else ROOT", () => {
    expect(templateFor("team/models/atlas", templates)?.prefix).toBe("team/models/");
    expect(templateFor("team/atlas", templates)?.prefix).toBe("team");
    expect(templateFor("teams/atlas", templates)?.prefix).toBe("ROOT");
    expect(templateFor("atlas", [])).toBeUndefined();
  });
});

describe("the settings of a repository in one line", () => {
  it("say what differs from ECR's own", () => {
    const settings = {
      mutability: "IMMUTABLE_WITH_EXCLUSION",
      exclusions: ["dev*"],
      scanOnPush: "true",
      encryptionKey: "arn:aws:kms:us-east-2:1:key/2",
      pullAccounts: ["310987654321"],
      owner: "inference/dev",
    } as const;
    expect(settingsText(settings)).toBe(
      "tags immutable with exclusion (dev*); scan on push true; KMS arn:aws:kms:us-east-2:1:key/2; pull by 310987654321",
    );
  });
});

describe("the registry that ECR names", () => {
  it("is reached over https, or over http on this machine", () => {
    expect(endpointOf("https://210987654321.dkr.ecr.us-east-2.amazonaws.com").protocol).toBe("https:");
    expect(endpointOf("http://127.0.0.1:5000").port).toBe("5000");
    for (const text of ["http://example.com", "http://127.0.0.1.example.com", "", "ftp://x"])
      expect(() => endpointOf(text)).toThrow(/not reached over https/);
  });
});
