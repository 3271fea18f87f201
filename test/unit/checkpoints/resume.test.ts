import { describe, expect, it } from "vitest";
import { sortOrphans } from "../../../src/checkpoints/upload/resume.ts";
import type { OpenUpload } from "../../../src/checkpoints/upload/store.ts";

const role = "arn:aws:sts::210987654321:assumed-role/eks-deploy";
const upload = (over: Partial<OpenUpload> = {}): OpenUpload => ({
  key: "p/model.safetensors",
  id: "1",
  initiator: `${role}/run-1`,
  algorithm: "CRC32",
  type: "FULL_OBJECT",
  initiated: 1,
  ...over,
});
const keys = { sent: new Set(["p/model.safetensors"]), copied: new Set(["p/copy.safetensors"]) };
const sort = (...uploads: OpenUpload[]) => {
  const { resume, abort } = sortOrphans(uploads, keys, `${role}/run-2`);
  return { resume: [...resume.values()].map(({ id }) => id), abort: abort.map(({ id }) => id) };
};

describe("unfinished uploads", () => {
  it("of copies inside S3 are ended, whichever of the two checksums they have", () => {
    const copy = { key: "p/copy.safetensors" };
    expect(sort(upload(copy), upload({ ...copy, id: "2", algorithm: "CRC64NVME" }))).toEqual({
      resume: [],
      abort: ["1", "2"],
    });
  });

  it("are continued where another session of the same role began them", () => {
    expect(sort(upload())).toEqual({ resume: ["1"], abort: [] });
  });

  it("are ended where nothing continues them: an older one of the same key, and one of a key that is not uploaded in parts", () => {
    expect(sort(upload(), upload({ id: "2", initiated: 2 }), upload({ id: "3", key: "p/gone" }))).toEqual({
      resume: ["2"],
      abort: ["1", "3"],
    });
  });

  it.each([
    ["another role", { initiator: "arn:aws:sts::210987654321:assumed-role/eks-deploy-2/run-1" }],
    ["a user", { initiator: "arn:aws:iam::210987654321:user/eks-deploy" }],
    ["another account", { initiator: "arn:aws:sts::310987654321:assumed-role/eks-deploy/run-1" }],
  ])("of %s are left alone", (_, over) => {
    expect(sort(upload(over))).toEqual({ resume: [], abort: [] });
  });

  it.each([
    ["another algorithm", { algorithm: "CRC64NVME" }],
    ["a composite checksum", { type: "COMPOSITE" }],
    ["no checksum", { algorithm: undefined, type: undefined }],
  ])("with %s are not ours: another tool began them", (_, over) => {
    expect(sort(upload(over))).toEqual({ resume: [], abort: [] });
  });
});
