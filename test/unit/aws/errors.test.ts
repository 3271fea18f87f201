import { describe, expect, it } from "vitest";
import { awsErrors, fromAws } from "../../../src/aws/errors.ts";
import { UserError } from "../../../src/errors.ts";

function thrown(name: string, message = "no", status?: number, code?: string): Error {
  return Object.assign(new Error(message), { name, code, $metadata: status ? { httpStatusCode: status } : undefined });
}

describe("fromAws", () => {
  it.each([
    [thrown("CredentialsProviderError"), "AWS_NO_CREDENTIALS"],
    [thrown("ExpiredTokenException", "The security token is expired", 400), "AWS_CREDENTIALS_REFUSED"],
    [thrown("InvalidClientTokenId", "no such key", 403), "AWS_CREDENTIALS_REFUSED"],
    [thrown("AccessDeniedException", "not authorized to perform ecr:PutImage", 400), "AWS_ACCESS_DENIED"],
    [thrown("403", "", 403), "AWS_ACCESS_DENIED"],
    [thrown("ThrottlingException", "Rate exceeded", 400), "AWS_BUSY"],
    [thrown("Error", "connect ECONNREFUSED", undefined, "ECONNREFUSED"), "AWS_UNREACHABLE"],
    [thrown("ValidationException", "bad", 400), "AWS_REFUSED"],
    [thrown("InternalFailure", "oops", 500), "AWS_FAILED"],
    [thrown("AbortError"), "CANCELLED"],
    [thrown("TypeError", "undefined is not a function"), "INTERNAL"],
  ])("tells %s as %s", (error, code) => {
    expect(fromAws(error, "reading the role x").code).toBe(code);
  });

  it("says what was being done, and keeps AWS's own words and the cause", () => {
    const error = thrown("AccessDeniedException", "not authorized to perform ecr:PutImage", 400);
    const told = fromAws(error, "pushing atlas");
    expect(told.happened).toContain("pushing atlas");
    expect(told.happened).toContain("ecr:PutImage");
    expect(told.cause).toBe(error);
  });

  it("lets errors of ours pass", () => {
    const ours = new UserError("BUCKET_MISSING", { happened: "gone", next: "make it" });
    expect(fromAws(ours, "anything")).toBe(ours);
  });

  it("has a remedy for each of its codes", () => {
    for (const entry of Object.values(awsErrors)) expect(entry.remedy).not.toBe("");
  });
});
