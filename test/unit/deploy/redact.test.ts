import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redact } from "../../../src/deploy/redact.ts";

const canary = "c4n4ry-9f31";

describe("redact", () => {
  it.each([
    [`VLLM_API_KEY=${canary}`],
    [`non-default args: {'host': '0.0.0.0', 'api_key': ['${canary}'], 'port': 8000}`],
    [`args: Namespace(api_key=['${canary}'], seed=0)`],
    [`vllm serve /models --api-key ${canary} --port 8000`],
    [`aws_secret_access_key = "${canary}"`],
    [`{"token": "${canary}"}`],
    [`Authorization: Bearer ${canary}`],
    [`GET https://b.s3.amazonaws.com/k?X-Amz-Credential=${canary}%2Fus&X-Amz-Signature=${canary}`],
    [`HF_TOKEN: hf_${canary}`],
    [`using hf_${canary}abcdef to log in`],
  ])("takes the credential out of %s", (line) => {
    expect(redact(line)).not.toContain(canary);
  });

  it("leaves what tells the cause", () => {
    const line = "ERROR An error occurred (AccessDenied) when calling the GetObject operation: Access Denied";
    expect(redact(line)).toBe(line);
    expect(redact("tokenizer: not found")).toBe("tokenizer: not found");
    expect(redact("vllm serve --api-key --port 8000")).toContain("--port 8000");
  });

  it("is one line without control characters, and no longer than it may be", () => {
    const esc = String.fromCharCode(27);
    expect(redact(`${esc}[31mKeyError:${esc}[0m 'x'\r\n::warning::y`)).toBe("KeyError: 'x' ::warning::y");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(redact(text, 40).length).toBeLessThanOrEqual(43);
        expect(redact(text)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
