import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { startEcr } from "../../test/integration/sandbox-registry/server.ts";
import { ociConformance } from "../software.ts";
import { outcomeOf } from "../tools/run.ts";

const folder = mkdtempSync(join(tmpdir(), "eks-deploy-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the program is told to leave out: ECR has no SHA-512 and no mount without a source, and no call of the product lists, deletes or cancels. */
const leftOut = {
  OCI_DATA_SHA512: "false",
  OCI_API_BLOBS_DELETE: "false",
  OCI_API_BLOBS_MOUNT_ANONYMOUS: "false",
  OCI_API_BLOBS_UPLOAD_CANCEL: "false",
  OCI_API_MANIFESTS_DELETE: "false",
  OCI_API_TAGS_DELETE: "false",
  OCI_API_TAGS_LIST: "false",
} as const;

/** What the sandbox answers as ECR does and not as the specification has it. */
const listed: Readonly<Record<string, string>> = {
  "sha256 blobs/chunked single/blob-patch-chunked": "ECR answers PATCH with 201",
  "sha256 blobs/chunked multi/blob-patch-chunked": "ECR answers PATCH with 201",
  "sha256 blobs/chunked multi and put chunk/blob-patch-chunked": "ECR answers PATCH with 201",
  "sha256 blobs/stream/blob-patch-stream": "ECR answers PATCH with 201",
  "sha256 blobs/bad digest chunked/blob-patch-chunked": "ECR answers PATCH with 201",
  "sha256 blobs/bad digest chunked and put chunk/blob-patch-chunked": "ECR answers PATCH with 201",
  "sha256 blobs/bad digest stream/blob-patch-stream": "ECR answers PATCH with 201",
  "sha256 blobs/chunked out-of-order/blob-patch-chunked": "no call of the product asks how far an upload is",
  "sha256 blobs/chunked out-of-order and put chunk/blob-patch-chunked":
    "no call of the product asks how far an upload is",
};

it("answers the Open Container Initiative's tests, but for what ECR does otherwise", async () => {
  const server = await startEcr();
  for (const name of ["c/a", "c/b"]) server.state.add(name);
  server.state.blobMounting = "ENABLED";
  const { password } = server.state.issueToken({ arn: "a", account: "1", accessKeyId: "k", userId: "u" });
  const env = {
    OCI_REGISTRY: new URL(server.url).host,
    OCI_TLS: "disabled",
    OCI_USERNAME: "AWS",
    OCI_PASSWORD: password,
    OCI_REPO1: "c/a",
    OCI_REPO2: "c/b",
    OCI_RESULTS_DIR: folder,
    OCI_VERSION: "1.1",
    ...leftOut,
  };
  await outcomeOf(await ociConformance.get(), [], { env, cwd: folder });
  await server.close();
  const cases = [
    ...readFileSync(join(folder, "junit.xml"), "utf8").matchAll(/<testcase name="([^"]*)"[^>]*status="(\w+)"/g),
  ];
  const named = (status: string) =>
    cases.filter((found) => found[2] === status).map(([, name = ""]) => name.replace("OCI Conformance Test/", ""));
  expect(named("failure").sort()).toEqual(Object.keys(listed).sort());
  expect(named("passed").length).toBeGreaterThan(350);
});
