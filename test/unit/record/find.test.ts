import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findRecord } from "../../../src/record/find.ts";
import { readLatest, writeRecord } from "../../../src/record/latest.ts";
import { recordBytes, recordDigest } from "../../../src/record/record.ts";
import type { RecordStore } from "../../../src/record/store.ts";
import { example } from "./record.ts";

/** A store in memory with S3's conditions; `before` runs ahead of each write. */
function memory(place = "s3://acme-models-dev/eks-deploy/", before: (path: string) => void = () => {}) {
  const objects = new Map<string, { body: Buffer; etag: string }>();
  let version = 0;
  const set = (path: string, body: Buffer | string) => {
    version += 1;
    objects.set(path, { body: Buffer.from(body), etag: `"${version}"` });
  };
  const store: RecordStore = {
    place,
    get: async (path) => objects.get(path),
    async put(path, body, condition) {
      before(path);
      const there = objects.get(path);
      if (condition && ("absent" in condition ? there !== undefined : there?.etag !== condition.over)) return false;
      set(path, body);
      return true;
    },
    list: async (prefix) => [...objects.keys()].filter((path) => path.startsWith(prefix)),
  };
  return { store, objects, set };
}

const digest = recordDigest(example);

function places(store: RecordStore | undefined, workspace = tmpdir()) {
  return { open: async () => store, environment: "dev", release: "inference", workspace };
}

describe("findRecord", () => {
  it("finds a record by latest, by digest, by place and by path", async () => {
    const { store } = memory();
    const { uri } = await writeRecord(store, example);
    const folder = mkdtempSync(join(tmpdir(), "eks-deploy-test-"));
    writeFileSync(join(folder, "record.json"), recordBytes(example));
    for (const reference of ["latest", digest]) {
      expect(await findRecord(reference, places(store))).toEqual({ sha256: digest, record: example, uri });
    }
    const records = { ...store, place: "s3://acme-models-dev/eks-deploy/records/" };
    const found = await findRecord(uri, places({ ...records, get: (path) => store.get(`records/${path}`) }));
    expect(found.sha256).toBe(digest);
    expect((await findRecord("record.json", places(undefined, folder))).sha256).toBe(digest);
  });

  it.each(["latest", "0".repeat(64), "s3://acme-models-dev/elsewhere/x.json", "missing.json"])(
    "says that there is no record at %s",
    async (reference) => {
      const finding = findRecord(reference, places(memory().store));
      await expect(finding).rejects.toMatchObject({ code: "RECORD_NOT_FOUND" });
    },
  );

  it("refuses a record that was edited where it is kept", async () => {
    const { store, set } = memory();
    await writeRecord(store, example);
    set(`records/${digest}.json`, recordBytes({ ...example, revision: 9 }));
    await expect(findRecord("latest", places(store))).rejects.toMatchObject({ code: "RECORD_ALTERED" });
  });
});

describe("writeRecord", () => {
  it("writes the pointer last", async () => {
    const order: string[] = [];
    await writeRecord(memory(undefined, (path) => order.push(path)).store, example);
    expect(order).toEqual([`records/${digest}.json`, "latest/dev/inference"]);
  });

  it("does not move a pointer that another run has moved meanwhile, and keeps both records", async () => {
    const other = { ...example, revision: 7 };
    const { store, objects, set } = memory(undefined, (path) => {
      if (path.startsWith("records/")) set("latest/dev/inference", `${recordDigest(other)}\n`);
    });
    await expect(writeRecord(store, example)).rejects.toMatchObject({ code: "RECORD_RACE" });
    set(`records/${recordDigest(other)}.json`, recordBytes(other));
    expect((await readLatest(store, "dev", "inference"))?.record.revision).toBe(7);
    expect(objects.has(`records/${digest}.json`)).toBe(true);
  });

  it("keeps the default environment's pointer apart from all others", async () => {
    const { store } = memory();
    await writeRecord(store, { ...example, environment: "default" });
    expect(await readLatest(store, "dev", "inference")).toBeUndefined();
    expect((await readLatest(store, undefined, "inference"))?.record.environment).toBe("default");
  });
});
