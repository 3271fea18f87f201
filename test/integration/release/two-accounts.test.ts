import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../../../sandbox/world.ts";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { openRoom, type Room } from "./room.ts";
import { startFrontDoor } from "./two-accounts.ts";

const production = { account: "310987654321", cluster: "poolside-prod", bucket: "acme-models-prod" };
const places = [
  ["in one region", "us-east-2"],
  ["across two regions", "eu-west-1"],
] as const;
const anything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

let room: Room;
let prod: World;
let door: Awaited<ReturnType<typeof startFrontDoor>>;
let proven: string;

/** An account for each environment, and a role in each; the job itself has no credentials but its token. */
async function begin(region: string): Promise<void> {
  room = await openRoom();
  const { world } = room;
  prod = await startWorld({ pace: 0.01, names: { ...production, region }, beside: world });
  door = await startFrontDoor([world, prod]);
  process.env["AWS_ENDPOINT_URL"] = door.url;
  delete process.env["AWS_ACCESS_KEY_ID"];
  delete process.env["AWS_SECRET_ACCESS_KEY"];
  const certificate = await prod.addCertificate(["*.example.com"]);
  const arns = [world, prod].map((each) => each.addGithubRole("deployer", anything).arn);
  const roles = ([arn]: readonly string[]) => `{ plan: "${arn}", transfer: "${arn}", deploy: "${arn}" }`;
  room.edit(
    "  dev: {}",
    `  staging: { aws: { roles: ${roles([arns[0]!])} } }
  production:
    aws: { account: "${production.account}", region: ${region}, roles: ${roles([arns[1]!])} }
    cluster: ${production.cluster}
    checkpoints: { bucket: ${production.bucket} }
    ingress: { certificateArn: "${certificate.arn}" }
    models:
      laguna-m: { host: laguna-m.example.com }
      laguna-xs: { host: laguna-xs.example.com }
      point: { host: point.example.com }
    promotion: { from: staging }`,
  );
  writeFileSync(join(room.folder, "prod.pem"), prod.authority);
  proven = (await room.pass({ environment: "staging" })).outputs["record-sha256"]!;
}

async function end(): Promise<void> {
  await door?.close();
  await prod?.close();
  expect(prod?.defects ?? []).toEqual([]);
  await room?.close();
}

const promotion = () => ({
  command: "promote",
  environment: "production",
  "ca-certificate": join(room.folder, "prod.pem"),
  resolve: ["laguna-m", "laguna-xs", "point"]
    .map((key) => `${key}.example.com=127.0.0.1:${prod.balancerPort}`)
    .join("\n"),
});

/** What moved into the target's checkpoints since a mark: calls by name. */
function moved(mark: number): Readonly<Record<string, number>> {
  const calls = prod.requests.all
    .slice(mark)
    .filter(
      ({ resource }) => /^acme-models-(dev|prod)\/checkpoints\//.test(resource) && !resource.includes("/.eks-deploy/"),
    );
  return Object.fromEntries([...Map.groupBy(calls, ({ name }) => name)].map(([name, list]) => [name, list.length]));
}

/** Takes the target's checkpoints away, and lets its account into the other bucket. */
function letIn(): void {
  const { s3 } = prod.aws;
  for (const { key } of s3.list(production.bucket, "checkpoints/")) s3.bucket(production.bucket).delete(key);
  (s3.bucket("acme-models-dev").sharedWith as string[]).push(production.account);
}

/** Takes the target's images away. */
function dropImages(): void {
  for (const { images, tags, blobs } of prod.aws.ecr.repositories.values())
    for (const each of [images, tags, blobs]) each.clear();
}

/** Who asked the other account's registry since a mark. */
function pullers(mark: number): readonly string[] {
  const calls = room.world.requests.all
    .slice(mark)
    .filter(({ service, principal }) => service === "registry" && principal);
  return [...new Set(calls.map(({ principal }) => principal!.replace(/\/[^/]*$/, "")))];
}

describe.each(places)("a promotion between two accounts %s, with a role in each", (_where, region) => {
  beforeAll(() => begin(region), 180_000);
  afterAll(end);

  it("moves the proven bytes and ends with the same digests on both sides", async () => {
    const runner = await room.pass({ ...promotion(), copy: "stream" });
    expect(runner.outputs).toMatchObject({ status: "deployed", passed: "true" });
    const { s3, ecr } = prod.aws;
    const there = JSON.parse(room.kept(`records/${proven}.json`)!) as ReleaseRecord;
    const place = `eks-deploy/records/${runner.outputs["record-sha256"]}.json`;
    const here = JSON.parse(s3.read(production.bucket, place)!.toString()) as ReleaseRecord;
    expect(here).toMatchObject({ account: production.account, promotedFrom: { record: proven } });
    for (const [name, { digest }] of Object.entries(there.images)) {
      expect(here.images[name]!.digest).toBe(digest);
      expect(ecr.repository(name).images.has(digest)).toBe(true);
    }
    for (const [key, { manifest }] of Object.entries(there.checkpoints))
      expect(here.checkpoints[key]!.manifest).toBe(manifest);
  });

  it("is refused by copy: server while the other bucket does not let the target's role in", async () => {
    const mark = prod.requests.all.length;
    const failure = await room.fail({ ...promotion(), copy: "server" });
    expect(failure.code).toBe("RELEASE_PROMOTE_READER");
    expect(failure.message).toContain(region === "us-east-2" ? "s3:ListBucket" : "the target in eu-west-1");
    expect(prod.requests.writes(mark)).toEqual([]);
  });

  if (region === "us-east-2") {
    it("is refused by copy: server while the repositories there do not let this account pull, with nothing written", async () => {
      letIn();
      dropImages();
      const marks = [room.mark(), prod.requests.all.length];
      const failure = await room.fail({ ...promotion(), copy: "server" });
      expect(failure.code).toBe("IMAGES_PULL_DENIED");
      expect(failure.message).toContain("no resource-based policy allows the ecr:BatchGetImage action");
      expect(failure.message).toContain(`pull-accounts: ${production.account}`);
      expect(room.writes(marks[0]!)).toEqual([]);
      expect(prod.requests.writes(marks[1]!)).toEqual([]);
    });

    it("lets the target's role pull the images by copy: server, once pull-accounts has let it in", async () => {
      await room.pass({ environment: "staging", "pull-accounts": production.account });
      const mark = room.mark();
      await room.pass({ ...promotion(), copy: "server" });
      const role = `arn:aws:sts::${production.account}:assumed-role/deployer`;
      expect(pullers(mark)).toEqual([role]);
      const there = JSON.parse(room.kept(`records/${proven}.json`)!) as ReleaseRecord;
      for (const [name, { digest }] of Object.entries(there.images))
        expect(prod.aws.ecr.repository(name).images.has(digest)).toBe(true);
    });

    it("reads the images with the role of their own account by copy: stream", async () => {
      dropImages();
      const mark = room.mark();
      await room.pass({ ...promotion(), copy: "stream" });
      expect(pullers(mark)).toEqual([`arn:aws:sts::${room.world.names.account}:assumed-role/deployer`]);
    });

    it.each(["server", "auto"])("with copy: %s lets S3 copy by itself, once that bucket lets it in", async (copy) => {
      letIn();
      const mark = prod.requests.all.length;
      const runner = await room.pass({ ...promotion(), copy });
      expect(JSON.parse(runner.outputs["result"]!)).toMatchObject({ copy: "server" });
      expect(moved(mark)).toEqual({ CopyObject: 14 });
    });
  } else
    it("streams from another region, also where the target's role may read there", async () => {
      letIn();
      const mark = prod.requests.all.length;
      const runner = await room.pass(promotion());
      expect(JSON.parse(runner.outputs["result"]!)).toMatchObject({ copy: "stream" });
      expect(Object.keys(moved(mark))).not.toContain("CopyObject");
    });

  it("writes nothing the second time, in neither account", async () => {
    const marks = [room.mark(), prod.requests.all.length];
    await room.pass(promotion());
    expect(room.writes(marks[0]!)).toEqual([]);
    expect(prod.requests.writes(marks[1]!)).toEqual([]);
  });

  it("stops before the first write where a role is of the wrong account", async () => {
    const marks = [room.mark(), prod.requests.all.length];
    const failure = await room.fail({ ...promotion(), "aws-account-id": "999999999999" });
    expect(failure.code).toBe("AWS_ACCOUNT_MISMATCH");
    expect(room.writes(marks[0]!)).toEqual([]);
    expect(prod.requests.writes(marks[1]!)).toEqual([]);
  });
});
