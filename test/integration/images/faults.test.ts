import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, it } from "vitest";
import { sampleTags } from "../../../sandbox/sample/bundle.ts";
import type { FakeClock } from "../../support/context.ts";
import { writeBundles } from "./bundles.ts";
import { account, failureOf, imagesOf, region, useRegistryWorld } from "./registry-world.ts";

const world = useRegistryWorld();
const registry = { service: "registry" } as const;

/** The largest layer streams through a PATCH; the smaller ones go whole in one PUT. */
beforeEach(() => writeBundles(world.current.folder, 0.6));

function patches(): number {
  return world.current.ground.requests.all.filter(({ name, status }) => name === "PATCH upload" && status === 201)
    .length;
}

describe.each(["bundle", "bundle.tar.gz"])("pushing %s", (bundle) => {
  it("outlasts a storm of 503 and 429, and waits as long as Retry-After says", async () => {
    const { current } = world;
    for (const [operation, status] of [
      ["PATCH upload", 503],
      ["POST upload", 429],
      ["PUT manifest", 429],
    ] as const) {
      current.ground.faults.add({
        ...registry,
        operation,
        times: 2,
        effect: { kind: "answer", answer: { status, headers: { "retry-after": "17" }, body: "{}" } },
      });
    }
    const run = await current.push({ bundle });
    expect(imagesOf(run)["atlas"]!.state).toBe("pushed");
    const waits = (run.context.clock as FakeClock).sleeps;
    expect(waits.filter((wait) => wait >= 17_000).length).toBeGreaterThanOrEqual(6);
  });

  it("gives up on a registry that stays overloaded, within bounds, and tags nothing", async () => {
    const { current } = world;
    const busy = { status: 503, headers: {}, body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}' };
    current.ground.faults.add({
      ...registry,
      operation: "POST upload",
      times: 100_000,
      effect: { kind: "answer", answer: busy },
    });
    const run = await current.push({ bundle });
    expect(failureOf(run).code).toMatch(/REGISTRY_(BUSY|UNREACHABLE)/);
    expect(failureOf(run).message).toContain(bundle === "bundle" ? "slow down" : "");
    expect(current.ground.requests.all.filter(({ name }) => name === "POST upload").length).toBeLessThan(80);
    expect(current.writes().filter((line) => /manifest/.test(line))).toEqual([]);
  });

  it.each(["PATCH upload", "PUT manifest"])(
    "asks for a new token when the old one ends before a %s",
    async (operation) => {
      const { current } = world;
      current.ground.faults.add({
        ...registry,
        operation,
        effect: { kind: "hook", run: () => current.states.ecr.expireTokens() },
      });
      imagesOf(await current.push({ bundle }));
      const tokens = current.ground.requests.all.filter(({ name }) => name === "GetAuthorizationToken");
      expect(tokens.length).toBeGreaterThanOrEqual(2);
      expect(tokens.length).toBeLessThan(10);
    },
  );

  it("begins a blob anew when its session is lost, its bytes are damaged on the way, or the connection breaks", async () => {
    const { current } = world;
    const lost = { status: 404, headers: {}, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"gone"}]}' };
    current.ground.faults.add({ ...registry, operation: "PATCH upload", effect: { kind: "answer", answer: lost } });
    current.ground.faults.add({
      ...registry,
      operation: "PATCH upload",
      nth: 2,
      effect: { kind: "corrupt", at: 4711 },
    });
    current.ground.faults.add({ ...registry, operation: "PATCH upload", nth: 3, effect: { kind: "reset" } });
    current.ground.faults.add({ ...registry, operation: "PUT upload", nth: 2, effect: { kind: "corrupt", at: 3 } });
    const images = imagesOf(await current.push({ bundle }));
    expect(current.states.ecr.repository("atlas").tags.get(sampleTags.atlas)).toBe(images["atlas"]!.digest);
  });

  it("does not send a blob again that was committed before its answer was lost", async () => {
    const { current } = world;
    current.ground.faults.add({
      ...registry,
      operation: "PUT upload",
      times: 3,
      effect: { kind: "reset", after: true },
    });
    imagesOf(await current.push({ bundle }));
    const sent = patches();
    world.current.ground.requests.all.length = 0;
    expect(sent).toBeLessThanOrEqual(3);
  });

  it("sends a layer once that two images share, and mounts it into the other", async () => {
    const { current } = world;
    current.states.ecr.blobMounting = "ENABLED";
    const run = await current.push({ bundle });
    imagesOf(run);
    const { all } = current.ground.requests;
    expect(all.filter(({ name, status }) => name === "POST mount" && status === 201)).toHaveLength(1);
    expect(run.summary).toContain("layers sent / mounted / present");
  });

  it("sends a shared layer to each repository where the account does not let layers be mounted", async () => {
    const { current } = world;
    imagesOf(await current.push({ bundle }));
    expect(current.ground.requests.all.some(({ name }) => name === "POST mount")).toBe(false);
  });

  it("takes a repository that another run made in the same moment for its own", async () => {
    const { current } = world;
    current.ground.faults.add({
      service: "ecr",
      operation: "CreateRepository",
      effect: { kind: "hook", run: () => void current.states.ecr.add("atlas") },
    });
    imagesOf(await current.push({ bundle }));
    expect(current.states.ecr.repository("atlas").resourceTags.size).toBeLessThanOrEqual(1);
  });

  it("believes no answer that names another digest", async () => {
    const { current } = world;
    const other = `sha256:${"0".repeat(64)}`;
    current.ground.faults.add({
      ...registry,
      operation: "PUT manifest",
      times: 20,
      effect: { kind: "answer", answer: { status: 201, headers: { "docker-content-digest": other } } },
    });
    expect(failureOf(await current.push({ bundle })).code).toBe("IMAGE_NOT_VERIFIED");
  });

  it("never takes its credentials to another host that a Location names", async () => {
    const { current } = world;
    const seen: (string | undefined)[] = [];
    const stranger = createServer((request, response) => {
      seen.push(request.headers.authorization);
      request.resume().on("end", () => response.writeHead(403).end());
    });
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    const location = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}/v2/atlas/blobs/uploads/1?state=x`;
    current.ground.faults.add({
      ...registry,
      operation: "POST upload",
      times: 50,
      effect: { kind: "answer", answer: { status: 202, headers: { location } } },
    });
    const run = await current.push({ bundle });
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
    expect(failureOf(run).code).toBe("REGISTRY_DENIED");
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((header) => header === undefined)).toBe(true);
  });
});

describe("tags", () => {
  it("that are immutable stay: the same digest is success, another is refused before anything is written", async () => {
    const { current } = world;
    imagesOf(await current.push({ bundle: "bundle" }));
    const mark = current.ground.requests.all.length;
    expect(imagesOf(await current.push({ bundle: "bundle.tar" }))["atlas"]!.state).toBe("present");
    writeBundles(current.folder, 0.05);
    const other = await current.push({ bundle: "bundle" });
    expect(failureOf(other)).toMatchObject({ code: "IMAGE_TAG_TAKEN" });
    expect(failureOf(other).message).toContain(`atlas:${sampleTags.atlas}`);
    expect(current.writes(mark)).toEqual([]);
  });

  it.each([
    [true, "the same digest", undefined],
    [false, "another digest", "IMAGE_TAG_TAKEN"],
  ])("that another run writes in between count when they name the same digest (%s: %s)", async (same, _, code) => {
    const { current } = world;
    const digest = imagesOf(await current.push({ bundle: "bundle", "repository-prefix": "probe" }))["atlas"]!.digest;
    current.ground.faults.add({
      ...registry,
      operation: "PUT manifest",
      resource: `atlas:${sampleTags.atlas}`,
      effect: {
        kind: "hook",
        run() {
          const repository = current.states.ecr.repository("atlas");
          const image = current.states.ecr.repository("probe/atlas").images.get(digest)!;
          const there = same ? digest : `sha256:${"1".repeat(64)}`;
          repository.images.set(there, { ...image, digest: there });
          repository.tags.set(sampleTags.atlas, there);
        },
      },
    });
    const run = await current.push({ bundle: "bundle" });
    if (code) expect(failureOf(run).code).toBe(code);
    else imagesOf(run);
    const puts = current.ground.requests.all.filter(({ resource }) => resource === `atlas:${sampleTags.atlas}`);
    expect(puts.filter(({ name }) => name === "PUT manifest")).toHaveLength(1);
  });

  it("of an archived image are told with the command that brings it back", async () => {
    const { current } = world;
    const { digest } = imagesOf(await current.push({ bundle: "bundle" }))["atlas"]!;
    current.states.ecr.repository("atlas").images.get(digest)!.status = "ARCHIVED";
    const mark = current.ground.requests.all.length;
    const run = await current.push({ bundle: "bundle" });
    expect(failureOf(run)).toMatchObject({ code: "IMAGE_ARCHIVED" });
    expect(failureOf(run).message).toContain("update-image-storage-class");
    expect(current.writes(mark)).toEqual([]);
    current.states.ecr.repository("atlas").tags.clear();
    expect(failureOf(await current.push({ bundle: "bundle" })).code).toBe("IMAGE_ARCHIVED");
    expect(current.writes(mark)).toEqual([]);
  });
});

describe("what is refused before anything is written", () => {
  it.each<[string, Record<string, string>, string]>([
    ["another account", { "aws-account-id": "310987654321" }, "AWS_ACCOUNT_MISMATCH"],
    ["a missing repository that must not be made", { "create-repositories": "false" }, "REPOSITORY_MISSING"],
    ["an image that the bundle does not hold", { images: "atlas2" }, "IMAGE_NOT_IN_BUNDLE"],
    ["filters without the setting that takes them", { "tag-mutability-exclusions": "dev*" }, "REPOSITORY_FILTERS"],
    ["a bundle that is not there", { bundle: "nowhere" }, "BUNDLE_NOT_FOUND"],
    ["a variable that is not set", { bundle: "env:BUNDLE_URL" }, "BUNDLE_NOT_FOUND"],
    ["a name longer than ECR takes", { "repository-prefix": "p".repeat(255) }, "REPOSITORY_NAME"],
    [
      "a host as prefix",
      { "repository-prefix": `${account}.dkr.ecr.${region}.amazonaws.com/poolside` },
      "INPUT_INVALID",
    ],
    [
      "a place for small parts that is none",
      { bundle: "bundle.tar", "extract-to": "bundle.tar" },
      "BUNDLE_NOT_EXTRACTED",
    ],
    ["a SHA-256 of a folder", { "bundle-sha256": "0".repeat(64) }, "BUNDLE_SHA256_MISMATCH"],
  ])("%s", async (_, inputs, code) => {
    const { current } = world;
    const run = await current.push({ bundle: "bundle", ...inputs });
    expect(failureOf(run).code).toBe(code);
    expect(current.writes()).toEqual([]);
  });

  it("a setting on a repository that is not ours; one that is ours gets it", async () => {
    const { current } = world;
    imagesOf(await current.push({ bundle: "bundle" }));
    const mark = current.ground.requests.all.length;
    const shared = await current.push({ bundle: "bundle", "pull-accounts": "310987654321" });
    imagesOf(shared);
    expect(current.writes(mark)).toEqual(["SetRepositoryPolicy atlas", "SetRepositoryPolicy public-docs"]);
    const again = await current.push({ bundle: "bundle", "pull-accounts": "310987654321" });
    expect(again.outputs["changes"]).toBe("0");
    current.states.ecr.repository("atlas").resourceTags = new Map([["eks-deploy/owner", "inference/staging"]]);
    const stranger = await current.push({ bundle: "bundle", "pull-accounts": "410987654321" });
    expect(failureOf(stranger).code).toBe("REPOSITORY_STRANGER");
    expect(failureOf(stranger).message).toContain("inference/staging");
  });
});

describe("a run that is stopped", () => {
  it.each(["bundle", "bundle.tar.gz"])("at any request is finished by the next one, with %s", async (bundle) => {
    const { current } = world;
    writeBundles(current.folder, 0.05);
    const whole = imagesOf(await current.push({ bundle, "repository-prefix": "whole" }));
    const requests = current.ground.requests.all.filter(({ service }) => service === "registry").length;
    for (let at = 1; at <= requests; at += 2) {
      const stop = new AbortController();
      current.ground.faults.clear();
      current.ground.faults.add({ ...registry, nth: at, effect: { kind: "hook", run: () => stop.abort() } });
      const prefix = `cut-${at}`;
      const cut = await current.push({ bundle, "repository-prefix": prefix }, { signal: stop.signal });
      if (cut.failures.length > 0) expect(failureOf(cut).code).toBe("CANCELLED");
      current.ground.faults.clear();
      const images = imagesOf(await current.push({ bundle, "repository-prefix": prefix }));
      expect(images["atlas"]!.digest).toBe(whole["atlas"]!.digest);
      const tag = current.states.ecr.repository(`${prefix}/atlas`).tags.get(sampleTags.atlas);
      expect(tag).toBe(whole["atlas"]!.digest);
    }
  });
});
