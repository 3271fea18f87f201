import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { aliveFor, contentOf, descriptionOf, isOf, recoveryOf, stateOf } from "../../../src/deploy/history.ts";
import { type RecoverFacts, undoOf } from "../../../src/deploy/recover.ts";
import { type Revision, type RevisionStatus, revisionsOf } from "../../../src/deploy/release.ts";

const content = "ab".repeat(32);

function revisions(...statuses: readonly (RevisionStatus | readonly [RevisionStatus, string])[]): readonly Revision[] {
  return statuses.map((item, index) => ({
    number: index + 1,
    status: typeof item === "string" ? item : item[0],
    description: typeof item === "string" ? "" : item[1],
    chart: { name: "inference", version: "1" },
    updatedAt: 1_000_000,
    manifest: "",
    values: {},
  }));
}

describe("stateOf", () => {
  it.each([
    ["nothing", [], "absent"],
    ["an uninstalled release whose history was kept", ["uninstalled"], "absent"],
    ["a deployed release", ["deployed"], "deployed"],
    ["an upgrade that failed after a good revision", ["deployed", "failed"], "deployed"],
    ["a good revision that a failed one has superseded", ["superseded", "failed"], "deployed"],
    ["a first install that failed", ["failed"], "failed-install"],
    ["a killed first install", ["pending-install"], "pending"],
    ["a killed upgrade", ["deployed", "pending-upgrade"], "pending"],
    ["a killed rollback", ["superseded", "deployed", "pending-rollback"], "pending"],
    ["a killed uninstall", ["uninstalling"], "pending"],
  ] as const)("reads %s", (_, statuses, kind) => {
    expect(stateOf(revisions(...statuses)).kind).toBe(kind);
  });
});

describe("recoveryOf", () => {
  const late = 1_000_000 + aliveFor;

  it("never breaks a lock of someone else that may be alive", () => {
    expect(recoveryOf(stateOf(revisions("deployed", "pending-upgrade")), false, late - 1)).toMatchObject({
      kind: "wait",
    });
  });

  it("takes for a dead run's own only the revision that it announced, and the next, which undoes it", () => {
    expect([3, 4, 5, 6].map((revision) => isOf(4, revision))).toEqual([false, true, true, false]);
    expect(isOf(undefined, 4)).toBe(false);
  });

  it("rolls a killed upgrade back to the last good revision", () => {
    const state = stateOf(revisions("superseded", "deployed", "failed", "pending-upgrade"));
    expect(recoveryOf(state, true, 1_000_000)).toEqual({ kind: "rollback", to: 2 });
    expect(recoveryOf(state, false, late)).toEqual({ kind: "rollback", to: 2 });
  });

  it("goes on with a rollback that was cut off, not back to what it was leaving", () => {
    const state = stateOf(revisions("superseded", "deployed", ["pending-rollback", "Rollback to 1"]));
    expect(recoveryOf(state, true, 1_000_000)).toEqual({ kind: "rollback", to: 1 });
    const pruned = stateOf(revisions("superseded", "deployed", ["pending-rollback", "Rollback to 1"]).slice(1));
    expect(recoveryOf(pruned, true, 1_000_000)).toEqual({ kind: "rollback", to: 2 });
  });

  it("uninstalls a killed first install only where no good revision exists", () => {
    expect(recoveryOf(stateOf(revisions("pending-install")), true, 0)).toEqual({ kind: "uninstall" });
    expect(recoveryOf(stateOf(revisions("superseded", "uninstalled", "pending-install")), true, 0)).toEqual({
      kind: "rollback",
      to: 1,
    });
  });

  it("finishes an uninstall that was killed", () => {
    expect(recoveryOf(stateOf(revisions("deployed", "uninstalling")), true, 0)).toEqual({ kind: "uninstall" });
  });
});

describe("contentOf", () => {
  it("knows a revision of ours, and a rollback to one, but not an upgrade by hand", () => {
    const all = revisions(
      ["superseded", descriptionOf(content)],
      ["superseded", "Upgrade complete"],
      ["deployed", "Rollback to 1"],
    );
    expect(contentOf(all[0]!, all)).toBe(content);
    expect(contentOf(all[1]!, all)).toBeUndefined();
    expect(contentOf(all[2]!, all)).toBe(content);
  });

  it("does not run in circles on a history that was tampered with", () => {
    const all = revisions(["superseded", "Rollback to 2"], ["deployed", "Rollback to 1"]);
    expect(contentOf(all[1]!, all)).toBeUndefined();
  });
});

describe("undoOf", () => {
  const facts: RecoverFacts = {
    revisions: revisions("superseded", "superseded", "deployed"),
    began: { before: 2, made: 3 },
    replaced: undefined,
    proven: undefined,
    cancelled: false,
    superseded: false,
    onFailure: "rollback",
    onCancel: "leave",
    recreate: [],
  };

  it("goes back to the revision that passed its smoke test, not merely to the one before", () => {
    expect(undoOf({ ...facts, proven: 1 })).toEqual({ kind: "rollback", to: 1 });
    expect(undoOf(facts)).toEqual({ kind: "rollback", to: 2 });
  });

  it("undoes a first install", () => {
    expect(undoOf({ ...facts, began: { before: 0, made: 1 }, revisions: revisions("deployed") })).toEqual({
      kind: "uninstall",
    });
  });

  it.each([
    ["after something newer took over", { superseded: true }],
    ["where on-failure is keep", { onFailure: "keep" }],
    ["after a cancel, unless on-cancel asks for it", { cancelled: true }],
    ["when no revision was made", { began: { before: 3, made: 4 } }],
    ["when somebody has made a newer one since", { began: { before: 1, made: 2 } }],
    ["when the live revision passed its smoke test", { proven: 3 }],
    [
      "when helm had not begun, whatever is pending",
      { began: undefined, revisions: revisions("deployed", "pending-upgrade") },
    ],
  ] as const)("leaves the release alone %s", (_, more) => {
    expect(undoOf({ ...facts, ...more }).kind).toBe("nothing");
  });

  it("takes back what was written beside helm where helm made no revision, as on-failure and on-cancel say", () => {
    const replaced = { secrets: [], restarted: ["inference-point"], templates: new Map() };
    const only = { ...facts, began: undefined, replaced, revisions: revisions("deployed") };
    expect(undoOf(only)).toEqual({ kind: "restore" });
    expect(undoOf({ ...only, onFailure: "keep" }).kind).toBe("nothing");
    expect(undoOf({ ...only, cancelled: true }).kind).toBe("nothing");
    expect(undoOf({ ...only, cancelled: true, onCancel: "rollback" })).toEqual({ kind: "restore" });
    expect(undoOf({ ...only, superseded: true }).kind).toBe("nothing");
  });

  it("clears a lock even where nothing else is to be undone", () => {
    const pending = { ...facts, revisions: revisions("superseded", "deployed", "pending-upgrade"), cancelled: true };
    expect(undoOf(pending)).toEqual({ kind: "rollback", to: 2 });
  });

  it("rolls back after a cancel where on-cancel asks for it", () => {
    expect(undoOf({ ...facts, cancelled: true, onCancel: "rollback" })).toEqual({ kind: "rollback", to: 2 });
  });
});

describe("revisionsOf", () => {
  const stored = (release: object) =>
    Buffer.from(gzipSync(JSON.stringify(release)).toString("base64")).toString("base64");

  it("reads what helm stores, in order of revisions", () => {
    const secret = (version: number) => ({
      metadata: { name: `sh.helm.release.v1.inference.v${version}`, creationTimestamp: "2026-11-24T12:00:00Z" },
      type: "helm.sh/release.v1",
      data: {
        release: stored({
          version,
          info: { status: "deployed" },
          chart: { metadata: { name: "inference", version: "1.2.3" } },
          manifest: "m",
          config: { a: 1 },
        }),
      },
    });
    expect(revisionsOf([secret(10), secret(9)])).toMatchObject([
      { number: 9 },
      {
        number: 10,
        status: "deployed",
        chart: { name: "inference", version: "1.2.3" },
        manifest: "m",
        values: { a: 1 },
      },
    ]);
  });

  it("says which Secret it cannot read", () => {
    const broken = { metadata: { name: "sh.helm.release.v1.inference.v1" }, data: { release: "AAAA" } };
    expect(() => revisionsOf([broken])).toThrow(/sh\.helm\.release\.v1\.inference\.v1/);
  });
});
