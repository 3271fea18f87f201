import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { openRoom, type Room } from "./room.ts";

const hour = 3_600_000;
let room: Room;
let proven: string;
const promotion = { command: "promote", environment: "", to: "production" };
const green = () => room.pass({ command: "smoke", environment: "staging" });

/** `staging` and `production`: two clusters, two buckets, one account. */
beforeAll(async () => {
  room = await openRoom();
  const { world } = room;
  await world.addCluster("poolside-prod");
  const bucket = "acme-models-prod";
  world.aws.s3.addBucket({ name: bucket, region: world.names.region, owner: world.names.account });
  const certificate = await world.addCertificate(["*.example.com"]);
  room.edit(
    "  dev: {}",
    `  staging: {}
  production:
    cluster: poolside-prod
    checkpoints: { bucket: ${bucket} }
    identity: { roleName: inference-prod, policyName: inference-prod }
    ingress: { certificateArn: "${certificate.arn}" }
    models:
      laguna-m: { host: laguna-m.example.com }
      laguna-xs: { host: laguna-xs.example.com }
      point: { host: point.example.com }
    promotion: { from: staging, minSoak: 24h, maxAge: 14d }`,
  );
  proven = (await room.pass({ environment: "staging" })).outputs["record-sha256"]!;
}, 180_000);
afterAll(() => room?.close());

const inputs = () => ({
  ...promotion,
  resolve: ["laguna-m", "laguna-xs", "point"]
    .map((key) => `${key}.example.com=127.0.0.1:${room.world.balancerPort}`)
    .join("\n"),
});

describe("a promotion that is not due", () => {
  it.each([
    ["no target", { to: "" }, "RELEASE_PROMOTE_INPUT"],
    ["two targets", { environment: "staging" }, "RELEASE_PROMOTE_INPUT"],
    ["the same environment", { from: "production" }, "RELEASE_PROMOTE_INPUT"],
    ["no such record", { "from-record": "0".repeat(64) }, "RELEASE_PROMOTE_INPUT"],
    ["a soak that is too short", {}, "RELEASE_PROMOTE_SOAK"],
  ])("is refused with nothing written: %s", async (why, over, code) => {
    const mark = room.mark();
    const expected = why === "no such record" ? "RECORD_NOT_FOUND" : code;
    expect((await room.fail({ ...inputs(), ...over })).code).toBe(expected);
    expect(room.writes(mark)).toEqual([]);
  });

  it("is refused while the newest smoke test failed, until it is green again for as long", async () => {
    room.advance(25 * hour);
    await green();
    await room.run({ command: "smoke", environment: "staging", "api-key": "another-key" });
    expect((await room.fail(inputs())).code).toBe("RELEASE_PROMOTE_FAILED");
    room.advance(hour);
    await green();
    expect((await room.fail(inputs())).code).toBe("RELEASE_PROMOTE_SOAK");
  });
});

describe("a promotion", () => {
  it("plans without a write, then moves exactly what was proven, and says that the bytes are the same", async () => {
    room.advance(24 * hour);
    await green();
    const mark = room.mark();
    const plan = await room.pass({ ...inputs(), "dry-run": "true" });
    expect(room.writes(mark)).toEqual([]);
    const runner = await room.pass({ ...inputs(), "approved-plan": plan.outputs["plan-sha256"]! });
    expect(runner.outputs).toMatchObject({ status: "deployed", revision: "1", passed: "true" });
    expect(runner.outputs["headline"]).toBe(
      "Promoted 3 models from staging to inference (production), revision 1: the same bytes, proven.",
    );
    expect(runner.summary).toContain("Proof: both sides hold the same bytes");
    expect(runner.summary).toContain("models.point.ingressHost");
    const { s3 } = room.world.aws;
    const [there, here] = [
      JSON.parse(room.kept(`records/${proven}.json`)!) as ReleaseRecord,
      JSON.parse(
        s3.read("acme-models-prod", `eks-deploy/records/${runner.outputs["record-sha256"]}.json`)!.toString(),
      ) as ReleaseRecord,
    ];
    expect(here.promotedFrom).toEqual({ environment: "staging", record: proven });
    expect(here.images).toEqual(there.images);
    expect(here.chart.sha256).toBe(there.chart.sha256);
    for (const [key, { manifest, prefix }] of Object.entries(here.checkpoints)) {
      expect(manifest).toBe(there.checkpoints[key]!.manifest);
      expect(prefix).toContain("s3://acme-models-prod/");
    }
    expect(s3.read("acme-models-prod", `eks-deploy/charts/${here.chart.sha256}.tgz`)).toBeDefined();
  });

  it("sends no byte of a checkpoint through the runner within one account", () => {
    const sent = room.world.requests.all.filter(
      ({ name, resource }) =>
        (name === "UploadPart" || name === "PutObject") && resource.startsWith("acme-models-prod/checkpoints/"),
    );
    expect(sent.filter(({ resource }) => !resource.includes("/.eks-deploy/"))).toEqual([]);
  });

  it("writes nothing the second time", async () => {
    const mark = room.mark();
    const runner = await room.pass(inputs());
    expect(room.writes(mark)).toEqual([]);
    expect(runner.outputs["record-sha256"]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("refuses a record that is too old", async () => {
    room.advance(15 * 24 * hour);
    expect((await room.fail(inputs())).code).toBe("RELEASE_PROMOTE_OLD");
  });
});
