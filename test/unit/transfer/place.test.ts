import { describe, expect, it } from "vitest";
import type { Aws } from "../../../src/aws/session.ts";
import { bucketUrl, objectUrl } from "../../../src/transfer/s3-place.ts";

const aws = (region: string, options: object = {}) =>
  ({
    region,
    options: { region, credentials: async () => ({ accessKeyId: "a", secretAccessKey: "s" }), ...options },
  }) as unknown as Aws;

describe("where a bucket is asked", () => {
  it("follows the SDK's own rules for every partition", async () => {
    expect(await bucketUrl(aws("us-east-2"), "acme")).toBe("https://acme.s3.us-east-2.amazonaws.com/");
    expect(await bucketUrl(aws("cn-north-1"), "acme")).toBe("https://acme.s3.cn-north-1.amazonaws.com.cn/");
    expect(await bucketUrl(aws("eusc-de-east-1"), "acme")).toBe("https://acme.s3.eusc-de-east-1.amazonaws.eu/");
    expect(await bucketUrl(aws("us-gov-west-1", { useFipsEndpoint: true }), "acme")).toBe(
      "https://acme.s3-fips.us-gov-west-1.amazonaws.com/",
    );
  });

  it("has the bucket in its path where TLS or the endpoint want that", async () => {
    expect(await bucketUrl(aws("us-east-2"), "acme.models")).toBe("https://s3.us-east-2.amazonaws.com/acme.models/");
    expect(await bucketUrl(aws("us-east-2", { endpoint: "http://127.0.0.1:4566" }), "acme")).toBe(
      "http://127.0.0.1:4566/acme/",
    );
  });

  it("keeps slashes and dots of a key as they are, and encodes everything else", () => {
    expect(objectUrl("https://b/", "a//../b c/é?#&+%.tar")).toBe("https://b/a//../b%20c/%C3%A9%3F%23%26%2B%25.tar");
    expect(objectUrl("https://b/", "k", { uploads: "", prefix: "a/b" })).toBe("https://b/k?uploads=&prefix=a%2Fb");
  });
});
