import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sampleTags, writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { bucket, imagesOf, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const records = `s3://${bucket}/eks-deploy/`;

describe("an extracted bundle", () => {
  it("is pushed, verified, and its chart kept; a second run on a fresh machine writes nothing", async () => {
    const { current } = world;
    writeSampleBundle(join(current.folder, "bundle"), 0.05);
    const first = await current.push({ bundle: "./bundle", records });
    const images = imagesOf(first);
    expect(Object.keys(images)).toEqual(["atlas", "public-docs"]);
    expect(images["atlas"]).toMatchObject({ repository: "atlas", tag: sampleTags.atlas, state: "pushed" });
    expect(current.states.ecr.repository("atlas").tags.get(sampleTags.atlas)).toBe(images["atlas"]!.digest);
    expect(current.states.ecr.repository("atlas")).toMatchObject({
      mutability: "IMMUTABLE",
      resourceTags: new Map([["eks-deploy/owner", "inference/default"]]),
    });
    expect(first.outputs["chart"]).toBe(`${records}charts/${first.outputs["chart-sha256"]}.tgz`);
    expect(first.outputs["changed"]).toBe("true");

    const mark = current.ground.requests.all.length;
    const again = await current.push({ bundle: "./bundle", records }, { fresh: true });
    expect(imagesOf(again)["atlas"]).toMatchObject({ state: "present", digest: images["atlas"]!.digest });
    expect(current.writes(mark)).toEqual([]);
    expect(again.outputs).toMatchObject({
      changes: "0",
      "images-bytes-uploaded": "0",
      "plan-sha256": first.outputs["plan-sha256"],
      chart: first.outputs["chart"],
    });
  });

  it("is not looked for in repositories that were made a moment ago, and is in others", async () => {
    const { current } = world;
    writeSampleBundle(join(current.folder, "bundle"), 0.05);
    const asked = () => current.ground.requests.all.filter(({ name }) => name === "HEAD blob").length;
    imagesOf(await current.push({ bundle: "./bundle" }));
    expect(asked()).toBe(0);
    current.states.ecr.repository("atlas").tags.clear();
    imagesOf(await current.push({ bundle: "./bundle" }, { fresh: true }));
    expect(asked()).toBeGreaterThan(0);
  });
});
