import { describe, expect, it } from "vitest";
import { isUnknown, planDigest } from "../../../src/action/plan.ts";
import type { Repository } from "../../../src/images/ecr/repositories.ts";
import type { RepositorySettings } from "../../../src/images/ecr/settings.ts";
import type { Goal } from "../../../src/images/goal.ts";
import { type ImageWishes, type ObservedImages, planImages } from "../../../src/images/plan.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const atlas: Goal = { name: "atlas", repository: "atlas", tag: "1", digest: digest("a"), size: 10 };
const docs: Goal = { name: "docs", repository: "docs", tag: "1", digest: digest("d"), size: 5 };

const settings: RepositorySettings = {
  mutability: "IMMUTABLE",
  exclusions: [],
  scanOnPush: "registry",
  encryptionKey: undefined,
  pullAccounts: [],
  owner: "inference/dev",
};
const wishes: ImageWishes = { settings, createRepositories: true, selected: [] };

function repository(name: string, over: Partial<Repository> = {}): readonly [string, Repository] {
  return [
    name,
    { name, arn: `arn:aws:ecr:us-east-2:1:repository/${name}`, mutability: "IMMUTABLE", exclusions: [], ...over },
  ];
}

function observed(over: Partial<ObservedImages> = {}): ObservedImages {
  return {
    registry: "1.dkr.ecr.us-east-2.amazonaws.com",
    source: { label: "bundle", identity: "bundle", onePass: false },
    goals: [atlas, docs],
    repositories: new Map(),
    standing: new Map(),
    templates: [],
    policies: [],
    keepsakes: [],
    chartSha256: "c".repeat(64),
    ...over,
  };
}

const lines = (state: ObservedImages, asked = wishes) =>
  planImages(state, asked).changes.map(({ verb, kind, name }) => `${verb} ${kind} ${name}`);

describe("planImages", () => {
  it("creates missing repositories, uploads missing images, then keeps the chart", () => {
    const state = observed({
      repositories: new Map([repository("docs")]),
      keepsakes: [{ kind: "chart", path: "charts/x.tgz", kept: false }],
    });
    expect(lines(state)).toEqual([
      "create repository atlas",
      "upload image atlas:1",
      "upload image docs:1",
      "write chart charts/x.tgz",
    ]);
  });

  it("changes nothing where every tag names its digest, and ends in the same state as before", () => {
    const standing = new Map([
      ["atlas:1", { digest: atlas.digest, status: "ACTIVE" }],
      ["docs:1", { digest: docs.digest }],
    ]);
    const state = observed({ repositories: new Map([repository("atlas"), repository("docs")]), standing });
    expect(lines(state)).toEqual([]);
    expect(planDigest(planImages(state, wishes))).toBe(planDigest(planImages(observed(), wishes)));
  });

  it("ends in another state when a digest, the chart or a setting is another", () => {
    const before = planDigest(planImages(observed(), wishes));
    const others = [
      planImages(observed({ goals: [atlas, { ...docs, digest: digest("e") }] }), wishes),
      planImages(observed({ chartSha256: "e".repeat(64) }), wishes),
      planImages(observed(), { ...wishes, settings: { ...settings, mutability: "MUTABLE" } }),
    ];
    for (const other of others) expect(planDigest(other)).not.toBe(before);
  });

  it("stands for a source that passes once by its identity, before and after it was read", () => {
    const source = { label: "b.tar.gz", identity: "b:1:etag", onePass: true };
    const before = planImages(observed({ source, goals: undefined, chartSha256: undefined }), wishes);
    const after = planImages(observed({ source }), wishes);
    expect(before.changes.map(({ to }) => isUnknown(to) && to.identity)).toEqual(["b:1:etag"]);
    expect(isUnknown(before.images)).toBe(true);
    expect(planDigest(before)).toBe(planDigest(after));
  });

  it("leaves a repository to the creation template that ECR applies on push, whatever create-repositories says", () => {
    const templates = [
      { prefix: "ROOT", mutability: "MUTABLE" },
      { prefix: "team", mutability: "IMMUTABLE" },
    ];
    const goals = [{ ...atlas, repository: "team/atlas" }];
    const plan = planImages(observed({ goals, templates }), { ...wishes, createRepositories: false });
    expect(plan.work.create).toEqual([]);
    expect(plan.changes[0]).toMatchObject({ verb: "create", kind: "repository", name: "team/atlas" });
    expect(plan.changes[0]!.reason).toContain("template team");
  });

  it("refuses missing repositories where it must not create them", () => {
    expect(() => planImages(observed(), { ...wishes, createRepositories: false })).toThrow(/aws ecr create-repository/);
  });

  it.each<[string, Partial<Repository>, boolean]>([
    ["IMMUTABLE", {}, true],
    ["MUTABLE", { mutability: "MUTABLE" }, false],
    ["IMMUTABLE but for this tag", { mutability: "IMMUTABLE_WITH_EXCLUSION", exclusions: ["1*"] }, false],
    ["IMMUTABLE but for other tags", { mutability: "IMMUTABLE_WITH_EXCLUSION", exclusions: ["dev.*"] }, true],
    ["MUTABLE but for this tag", { mutability: "MUTABLE_WITH_EXCLUSION", exclusions: ["*"] }, true],
  ])("moves a tag only where the repository lets it move: %s", (_, over, refused) => {
    const state = observed({
      goals: [atlas],
      repositories: new Map([repository("atlas", over)]),
      standing: new Map([["atlas:1", { digest: digest("f") }]]),
    });
    if (refused) expect(() => planImages(state, wishes)).toThrow(/immutable/);
    else expect(planImages(state, wishes).changes[0]).toMatchObject({ from: digest("f"), to: atlas.digest });
  });
});
