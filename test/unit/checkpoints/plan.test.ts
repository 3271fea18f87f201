import { describe, expect, it } from "vitest";
import { planDigest } from "../../../src/action/plan.ts";
import type { Content } from "../../../src/checkpoints/content.ts";
import type { ObservedModel, SyncSettings } from "../../../src/checkpoints/observed.ts";
import { planSync } from "../../../src/checkpoints/plan.ts";
import { type CheckpointManifest, manifestPath } from "../../../src/facts/manifest.ts";
import type { ListedObject } from "../../../src/facts/prefix.ts";
import { memory } from "./memory.ts";

const settings: SyncSettings = { replace: false, deleteExtra: false, compareBy: "etag" };
const sizes: Readonly<Record<string, number>> = { "config.json": 3, "model.safetensors": 10 };

const content: Content = {
  kind: "files",
  leftOut: [],
  files: Object.entries(sizes).map(([path, size]) => ({ path, size, bytes: memory(Buffer.alloc(size)) })),
};
const object = (path: string, size = sizes[path] ?? 1, etag = `e-${path}`): ListedObject => ({
  path,
  size,
  etag,
});
const objects = [object(manifestPath), ...Object.keys(sizes).map((path) => object(path))];

function manifest(identity = "files:1", more: { sha256?: string } = {}): CheckpointManifest {
  const files = Object.entries(sizes).map(([path, size]) => ({
    path,
    size,
    etag: `e-${path}`,
    checksum: { algorithm: "CRC32", value: `c-${path}` },
  }));
  return { version: 1, tool: "1.0.0", source: { label: "old.tar", identity, ...more }, files, parameters: 5 };
}

function model(over: Partial<ObservedModel> & { identity?: string } = {}): ObservedModel {
  const { identity = "files:1", ...rest } = over;
  return {
    key: "laguna-m",
    prefix: { bucket: "models", key: "checkpoints/laguna-m/2611/" },
    source: { label: "laguna.tar", identity, size: 13, content, close: async () => {} },
    expectedSha256: undefined,
    parameters: 5,
    objects: [],
    stored: undefined,
    users: [],
    ...rest,
  };
}

const plan = (observed: ObservedModel, over: Partial<SyncSettings> = {}) =>
  planSync([observed], [], { ...settings, ...over });
const complete = (over: Parameters<typeof model>[0] = {}) =>
  model({ objects, stored: { manifest: manifest(), etag: "m" }, ...over });
const refusal = (run: () => unknown) => {
  try {
    run();
  } catch (thrown) {
    return thrown as { code: string; message: string };
  }
  throw new Error("it was not refused");
};

describe("planSync", () => {
  it("uploads what is not there", () => {
    const { changes, outputs } = plan(model());
    expect(changes).toMatchObject([{ verb: "upload", kind: "checkpoint", to: "2 files, 13 B from laguna.tar" }]);
    expect(outputs.prefixes).toEqual({ "laguna-m": "s3://models/checkpoints/laguna-m/2611" });
    expect(outputs.manifests).toHaveProperty("unknown");
  });

  it("changes nothing where the manifest and the listing agree with the source", () => {
    const { changes, outputs } = plan(complete());
    expect(changes).toEqual([]);
    expect(outputs.manifests).toMatchObject({ "laguna-m": { files: 2, bytes: 13, parameters: 5 } });
    expect(outputs.checkpointsBytesUploaded).toBe(0);
  });

  it("has the same end state before, in between and after", () => {
    const digests = [model(), model({ objects: objects.slice(1, 2) }), complete()].map((one) => planDigest(plan(one)));
    expect(new Set(digests).size).toBe(1);
  });

  it("has another end state for another source and another place", () => {
    const place = { bucket: "models", key: "checkpoints/laguna-m/2612/" };
    const digests = [model(), model({ identity: "files:2" }), model({ prefix: place })].map((one) =>
      planDigest(plan(one)),
    );
    expect(new Set(digests).size).toBe(3);
  });

  it("has the end state of the sync where an earlier step did it", () => {
    const given = { key: "laguna-m", uri: "s3://models/checkpoints/laguna-m/2611", manifest: manifest() };
    expect(planDigest(planSync([], [given], settings))).toBe(planDigest(plan(complete())));
  });

  it("adopts files that are there without a manifest after comparing them", () => {
    const [change] = plan(model({ objects: objects.slice(1) })).changes;
    expect(change).toMatchObject({ verb: "adopt", from: "2 files without a manifest" });
    const [partly] = plan(model({ objects: objects.slice(1, 2) })).changes;
    expect(partly).toMatchObject({ verb: "upload", from: "1 file without a manifest" });
  });

  it("repairs what was changed or removed behind the manifest, and touches nothing else", () => {
    const { changes, work } = plan(complete({ objects: [object(manifestPath), object("config.json", 3, "other")] }));
    expect(changes).toMatchObject([
      { verb: "update", reason: "2 files missing or changed: config.json, model.safetensors" },
    ]);
    expect(work.models[0]).toMatchObject({ verdict: "repair", kept: new Set() });
    const one = plan(complete({ objects: objects.slice(0, 2) }));
    expect(one.work.models[0]!.kept).toEqual(new Set(["config.json"]));
  });

  it("compares sizes only where that was asked for", () => {
    const moved = complete({ objects: objects.map((one) => ({ ...one, etag: "other" })) });
    expect(plan(moved).changes).toHaveLength(1);
    expect(plan(moved, { compareBy: "size" }).changes).toEqual([]);
  });

  it("refuses other bytes under the same version, unless they may be replaced", () => {
    const other = complete({ identity: "files:2" });
    const { code, message } = refusal(() => plan(other));
    expect(code).toBe("CHECKPOINT_OTHER_BYTES");
    expect(message).toContain("versions: laguna-m=");
    expect(plan(other, { replace: true }).changes).toMatchObject([{ verb: "update", reason: "replace: true" }]);
  });

  it("never replaces what a kept record refers to", () => {
    const used = complete({ identity: "files:2", users: ["dev/inference revision 3"] });
    const { code, message } = refusal(() => plan(used, { replace: true }));
    expect(code).toBe("CHECKPOINT_IN_USE");
    expect(message).toContain("dev/inference revision 3");
  });

  it("compares bytes where the same files come from another kind of place", () => {
    expect(plan(complete({ identity: 'etag:13:"x"' })).work.models[0]!.verdict).toBe("compare");
  });

  it("knows an archive by its SHA-256 where one is expected", () => {
    const sha256 = "a".repeat(64);
    const stored = { manifest: manifest("etag:1", { sha256 }), etag: "m" };
    const same = complete({ expectedSha256: sha256, stored });
    expect(plan(same).changes).toEqual([]);
    expect(plan(same).endState).toMatchObject({ checkpoints: { "laguna-m": { source: `sha256:${sha256}` } } });
    const other = complete({ expectedSha256: "b".repeat(64), stored });
    expect(refusal(() => plan(other)).code).toBe("CHECKPOINT_OTHER_BYTES");
  });

  it("proves a SHA-256 that is expected of files which were synced without one", () => {
    expect(plan(complete({ expectedSha256: "a".repeat(64) })).work.models[0]!.verdict).toBe("compare");
  });

  it("tells extra objects, and deletes them only when asked; bookkeeping is none", () => {
    const extra = complete({
      objects: [...objects, object("old.bin"), object(".checkpoint-complete", 0), object("d/", 0)],
    });
    expect(plan(extra)).toMatchObject({
      changes: [],
      work: { models: [{ extras: [{ path: "old.bin" }], deletes: [] }] },
    });
    expect(plan(extra, { deleteExtra: true }).changes).toMatchObject([{ verb: "delete", from: "old.bin" }]);
  });

  it("writes over nothing that another uploader marked complete, unless it may be replaced and nobody uses it", () => {
    const marker = object(".checkpoint-complete", 0);
    const fitting = model({ objects: [...objects.slice(1), marker] });
    expect(plan(fitting).work.models[0]).toMatchObject({ verdict: "upload", sealed: true });
    expect(plan(fitting, { replace: true }).work.models[0]).toMatchObject({ verdict: "upload", sealed: false });
    const used = ["record r1"];
    expect(plan({ ...fitting, users: used }, { replace: true }).work.models[0]!.sealed).toBe(true);
    const other = model({ objects: [object("config.json", 3), object("model.safetensors", 11), marker] });
    const told = refusal(() => plan(other));
    expect(told.code).toBe("CHECKPOINT_OTHER_BYTES");
    expect(told.message).toContain(".checkpoint-complete");
    expect(plan(other, { replace: true }).work.models[0]).toMatchObject({ verdict: "replace", sealed: false });
    expect(refusal(() => plan({ ...other, users: used }, { replace: true })).code).toBe("CHECKPOINT_IN_USE");
    const unmarked = model({ objects: other.objects.slice(0, 2) });
    expect(plan(unmarked).work.models[0]).toMatchObject({ verdict: "upload", sealed: false });
  });

  it("passes prefixes that others fill through as they were written", () => {
    const given = { key: "point", uri: "s3://elsewhere/point/", manifest: undefined };
    const { outputs, changes } = planSync([complete()], [given], settings);
    expect(changes).toEqual([]);
    expect(outputs.prefixes).toMatchObject({ point: "s3://elsewhere/point/" });
    expect(outputs.manifests).not.toHaveProperty("point");
  });

  it("refuses the same archive where it would be laid out otherwise than what lies there", () => {
    const moved: Content = {
      ...content,
      files: content.files.map((file) => ({ ...file, path: `inner/${file.path}` })),
    };
    const source = { ...complete().source, content: moved };
    const refused = refusal(() => plan(complete({ source }), { deleteExtra: true }));
    expect(refused.code).toBe("CHECKPOINT_OTHER_BYTES");
    expect(refused.message).toContain("laid out otherwise");
    const { work } = plan(complete({ source }), { replace: true });
    expect(work.models[0]).toMatchObject({ verdict: "replace" });
  });

  it("never deletes another complete checkpoint that lies below: of a version, or of the reference architecture's uploader", () => {
    const versions = [
      `2611/${manifestPath}`,
      "2611/config.json",
      "old/.checkpoint-complete",
      "old/x/model.safetensors",
    ];
    const extras = [...versions, "2612/config.json", "stray.txt"].map((path) => object(path));
    const { work } = plan(complete({ objects: [...objects, ...extras] }), { deleteExtra: true });
    expect(work.models[0]!.extras).toHaveLength(6);
    expect(work.models[0]!.deletes.map(({ path }) => path)).toEqual(["2612/config.json", "stray.txt"]);
  });
});
