import { describe, expect, it } from "vitest";
import { checkVersion, notesOf } from "../../../scripts/release-notes.ts";

const changelog = `# Changelog

## [Unreleased]

## [1.10.0] - 2026-12-01

### Added

- Ten.

## [1.1.0] - 2026-11-01

- One.

## [1.0.0] - 2026-10-01
`;

describe("notesOf", () => {
  it("gives the section of exactly that version, without its heading", () => {
    expect(notesOf(changelog, "1.10.0")).toBe("### Added\n\n- Ten.\n");
    expect(notesOf(changelog, "1.1.0")).toBe("- One.\n");
  });

  it("refuses a version that the changelog does not have, or says nothing of", () => {
    expect(() => notesOf(changelog, "1.2.0")).toThrow('has no section "## [1.2.0]"');
    expect(() => notesOf(changelog, "1.0.0")).toThrow("says nothing of 1.0.0");
  });
});

describe("checkVersion", () => {
  it("takes the version of package.json", () => {
    expect(() => checkVersion("1.2.3", "1.2.3")).not.toThrow();
  });

  it.each(["v1.2.3", "1.2", "1.2.3; rm -rf ~", ""])('refuses "%s"', (version) => {
    expect(() => checkVersion(version, version)).toThrow("is no version such as 1.2.3");
  });

  it("refuses another version than package.json has", () => {
    expect(() => checkVersion("1.2.4", "1.2.3")).toThrow("package.json has version 1.2.3, not 1.2.4");
  });
});
