import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { startEcr } from "../../test/integration/sandbox-registry/server.ts";
import { ociConformance } from "../software.ts";
import { outcomeOf } from "../tools/run.ts";

const folder = mkdtempSync(join(tmpdir(), "eks-deploy-conformance-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Parts of the specification that ECR does not have, so neither does the sandbox: the program is told to leave them out. */
const absent = {
  OCI_DATA_SHA512: "false",
} as const;

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
    ...absent,
  };
  await outcomeOf(await ociConformance.get(), [], { env, cwd: folder });
  await server.close();
  const text = readFileSync(join(folder, "junit.xml"), "utf8");
  process.stdout.write(text.slice(0, 3000));
  expect(text).toContain("testsuite");
});
