import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isImmutable } from "../../../sandbox/registry/repository.ts";
import { RegistryState } from "../../../sandbox/registry/state.ts";

describe("isImmutable", () => {
  const tag = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);

  it("is the repository's rule where no filter is", () => {
    fc.assert(
      fc.property(tag, (name) => {
        expect(isImmutable({ mutability: "IMMUTABLE", exclusions: [] }, name)).toBe(true);
        expect(isImmutable({ mutability: "MUTABLE", exclusions: [] }, name)).toBe(false);
      }),
    );
  });

  it("is turned round by a filter, in both kinds the opposite of each other", () => {
    fc.assert(
      fc.property(tag, tag, (name, filter) => {
        const exclusions = [`${filter}*`];
        const kept = isImmutable({ mutability: "IMMUTABLE_WITH_EXCLUSION", exclusions }, name);
        expect(kept).toBe(!name.startsWith(filter));
        expect(isImmutable({ mutability: "MUTABLE_WITH_EXCLUSION", exclusions }, name)).toBe(!kept);
      }),
    );
  });
});

describe("repositories made by a push", () => {
  const state = () => new RegistryState({ account: "1", region: "us-east-2", partition: "aws", now: () => 0 });
  const onPush = ["CREATE_ON_PUSH"] as const;

  it("come from the template with the longest prefix, ROOT last", () => {
    const registry = state();
    registry.templates.push({ prefix: "ROOT", appliedFor: onPush, settings: { scanOnPush: true } });
    registry.templates.push({ prefix: "a", appliedFor: onPush, settings: { mutability: "IMMUTABLE" } });
    registry.templates.push({ prefix: "a/b", appliedFor: onPush, settings: { mutability: "MUTABLE" } });
    expect(registry.forPush("a/b/c")?.mutability).toBe("MUTABLE");
    expect(registry.forPush("a/x")?.mutability).toBe("IMMUTABLE");
    expect(registry.forPush("ab")?.scanOnPush).toBe(true);
  });

  it("are not made by a template for something else", () => {
    const registry = state();
    registry.templates.push({ prefix: "ROOT", appliedFor: ["REPLICATION"], settings: {} });
    expect(registry.forPush("a/b")).toBeUndefined();
  });
});
