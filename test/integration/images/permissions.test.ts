import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { writeBundles } from "./bundles.ts";
import { bucket, imagesOf, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const page = readFileSync(resolve(import.meta.dirname, "../../../docs/permissions.md"), "utf8");

/** ECR actions of the transfer role in docs/permissions.md. */
function documented(): readonly string[] {
  const part = page.slice(page.indexOf("### transfer"), page.indexOf("### deploy"));
  return [...new Set(part.match(/ecr:\w+/g))].sort();
}

it("docs/permissions.md grants the transfer role exactly the ECR actions that push-images calls", async () => {
  const { current } = world;
  writeBundles(current.folder);
  current.states.ecr.blobMounting = "ENABLED";
  const records = `s3://${bucket}/eks-deploy/`;
  imagesOf(await current.push({ bundle: "bundle.tar.gz", records }));
  imagesOf(await current.push({ bundle: "bundle", records, "repository-prefix": "a" }));
  // A repository that is not new is asked for its layers.
  current.states.ecr.repository("a/atlas").tags.clear();
  imagesOf(
    await current.push({ bundle: "bundle", records, "repository-prefix": "a", "pull-accounts": "310987654321" }),
  );
  const called = current.ground.requests.iamActions().filter((action) => action.startsWith("ecr:"));
  expect(called).toEqual(documented());
});
