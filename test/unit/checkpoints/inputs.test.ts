import { describe, expect, it } from "vitest";
import { checkPartSize, isKmsKey, parseCheckpoints, parseStrip } from "../../../src/checkpoints/inputs.ts";
import { modelPrefix, versionOf } from "../../../src/checkpoints/version.ts";
import { testAmbient } from "../../support/context.ts";

const signed = "https://intake.example.com/laguna_m_2611.tar?X-Amz-Signature=abc";
const ambient = testAmbient({ ONE: signed, MANY: `{"laguna-m": "${signed}"}`, EMPTY: "" });
const parse = (raw: unknown) => parseCheckpoints(raw, ambient);

describe("the input checkpoints", () => {
  it("takes paths, objects and prefixes", () => {
    expect(parse("laguna-m=./laguna.tar\npoint=s3://intake/point/")).toMatchObject({
      "laguna-m": { kind: "path", path: "./laguna.tar" },
      point: { kind: "s3", bucket: "intake", key: "point/" },
    });
  });

  it.each(["laguna-m=env:ONE", "laguna-m=env:MANY", "env:MANY"])(
    "takes a presigned URL by %s and never shows it",
    (raw) => {
      const ref = parse(raw)["laguna-m"]!;
      expect(ref).toMatchObject({ kind: "url" });
      expect(JSON.stringify(ref)).not.toContain("Signature");
      expect(versionOf("laguna-m", ref as never, undefined)).toBe("laguna_m_2611");
    },
  );

  it("takes a URL whose percent signs encode nothing", () => {
    const odd = testAmbient({ MANY: '{"laguna-m": "https://intake.example.com/%ZZ.tar?X-Amz-Signature=abc"}' });
    const ref = parseCheckpoints("env:MANY", odd)["laguna-m"]!;
    expect(ref).toMatchObject({ label: "%ZZ.tar (presigned)" });
    expect(() => versionOf("laguna-m", ref as never, undefined)).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_VERSION" }),
    );
  });

  it("remembers a variable that is not set, or has nothing for the model, until its model is needed", () => {
    expect(parse("laguna-m=env:NONE\npoint=env:MANY\nlaguna-xs=env:EMPTY")).toEqual({
      "laguna-m": { kind: "unset", variable: "NONE" },
      point: { kind: "unset", variable: "MANY" },
      "laguna-xs": { kind: "unset", variable: "EMPTY" },
    });
  });

  it("refuses a signed URL in plain text, and keys that are no names of models", () => {
    expect(() => parse(`laguna-m=${signed}`)).toThrow(/env:NAME/);
    expect(() => parse({ "../up": "./x.tar" })).toThrow(/model key/);
  });
});

describe("versions and prefixes", () => {
  const version = (path: string) => versionOf("m", { kind: "path", path, label: path }, undefined);

  it.each([
    ["./x/laguna_m_2611.tar", "laguna_m_2611"],
    ["laguna.tar.gz", "laguna"],
    ["laguna.tgz", "laguna"],
    ["laguna.tar.zst", "laguna"],
    ["./checkpoints/laguna-m/", "laguna-m"],
    ["laguna.v2.1", "laguna.v2.1"],
  ])("follow from the source's name: %s", (path, expected) => {
    expect(version(path)).toBe(expected);
  });

  it.each(["./a b.tar", "./ü.tar", ".", "./.tar"])("refuse a name that is no part of a key: %s", (path) => {
    expect(() => version(path)).toThrow(expect.objectContaining({ code: "CHECKPOINT_VERSION" }));
  });

  it("lie where the layout says, whatever slashes the prefix has", () => {
    const place = { bucket: "b", prefix: "/models/checkpoints/" };
    expect(modelPrefix({ ...place, layout: "versioned" }, "m", "1").key).toBe("models/checkpoints/m/1/");
    expect(modelPrefix({ ...place, layout: "flat" }, "m", "1").key).toBe("models/checkpoints/m/");
    expect(modelPrefix({ bucket: "b", prefix: "", layout: "flat" }, "m", "1").key).toBe("m/");
  });
});

describe("other inputs", () => {
  it("take auto or a number of folders", () => {
    expect(["auto", "0", 2].map(parseStrip)).toEqual(["auto", 0, 2]);
    expect(() => parseStrip("-1")).toThrow(/0 to 9/);
  });

  it("take parts within S3's limits only", () => {
    expect(checkPartSize(5 * 1_048_576)).toBe(5 * 1_048_576);
    expect(() => checkPartSize(1)).toThrow(/5MiB/);
  });

  it("take a key's ARN in any partition", () => {
    isKmsKey("arn:aws-us-gov:kms:us-gov-west-1:210987654321:key/1b2c");
    expect(() => isKmsKey("1b2c")).toThrow(/ARN/);
  });
});
