import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../../../src/action/context.ts";
import { Secret } from "../../../src/action/secret.ts";
import type { Clock } from "../../../src/retry.ts";
import { checkpointFiles, writeTar } from "./archives.ts";
import { account, mebibyte, startWorld, type World } from "./server.ts";

let world: World;
const files = checkpointFiles("laguna", 22 * mebibyte);
const role = { name: "deployer", arn: `arn:aws:iam::${account}:role/deployer` };
const repository = "repo:acme/models:ref:refs/heads/main";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  world = await startWorld();
});
afterEach(async () => {
  vi.useRealTimers();
  expect(world.defects).toEqual([]);
  await world.close();
});

/** A role that this repository's jobs may assume. */
function addRole(): void {
  const host = "token.actions.githubusercontent.com";
  const provider = world.iam.arn("oidc-provider", host);
  const createdAt = Date.now();
  const tags = new Map();
  world.iam.putProvider(
    { arn: provider, url: host, clients: ["sts.amazonaws.com"], thumbprints: [], tags, createdAt },
    provider,
  );
  const statement = {
    Effect: "Allow",
    Principal: { Federated: provider },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: { [`${host}:aud`]: "sts.amazonaws.com", [`${host}:sub`]: repository } },
  };
  world.iam.putRole(
    {
      ...role,
      path: "/",
      id: world.iam.newId("AROA", role.name),
      account,
      trust: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
      description: undefined,
      maxSessionSeconds: 3600,
      boundary: undefined,
      tags,
      inline: new Map(),
      attached: [],
      createdAt,
    },
    role.name,
  );
}

/** Time that the test moves; waiting costs none. */
const clock: Clock = { now: () => Date.now(), random: () => 0.5, sleep: async () => {} };
const hour = 3_600_000;

describe("credentials that end in mid-upload", () => {
  it("are minted anew, and no finished part is sent again", async () => {
    addRole();
    const path = writeTar(world.workspace, "laguna.tar", files);
    let parts = 0;
    const onEvent = (event: Event) => {
      if (event.kind !== "progress" || event.task !== "checkpoints") return;
      parts += 1;
      if (parts === 2) vi.setSystemTime(Date.now() + 1.1 * hour);
    };
    const ended = await world.sync(
      { checkpoints: `laguna-m=${path}`, "part-size": "5MiB", concurrency: "1", "role-to-assume": role.arn },
      { clock, onEvent, ambient: { oidc: { url: world.tokenUrl, token: new Secret(world.github.requestToken) } } },
    );
    expect(ended.failure).toBeUndefined();
    const sent = world.ground.requests.all.filter((request) => request.name === "UploadPart");
    const accepted = sent
      .filter((request) => request.status === 200)
      .map((request) => /partNumber=(\d+)/.exec(request.url)?.[1]);
    expect(accepted.toSorted()).toEqual(["1", "2", "3", "4", "5"]);
    const assumed = world.ground.requests.all.filter((request) => request.name === "AssumeRoleWithWebIdentity");
    expect(assumed.length).toBeGreaterThan(1);
  });

  it("are minted anew where S3 calls them expired before their time", async () => {
    addRole();
    const path = writeTar(world.workspace, "laguna.tar", files);
    const run = () => {
      vi.setSystemTime(Date.now() + 60_000);
      world.principals.expireSessions(Date.now());
    };
    world.ground.faults.add({ service: "s3", operation: "UploadPart", nth: 3, effect: { kind: "hook", run } });
    const ended = await world.sync(
      { checkpoints: `laguna-m=${path}`, "part-size": "5MiB", concurrency: "1", "role-to-assume": role.arn },
      { clock, ambient: { oidc: { url: world.tokenUrl, token: new Secret(world.github.requestToken) } } },
    );
    expect(ended.failure).toBeUndefined();
    const sent = world.ground.requests.all.filter(({ name }) => name === "UploadPart");
    expect(sent.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(sent.filter(({ status }) => status !== 200)).toHaveLength(1);
  });

  it("that cannot be renewed end the run with what to do and how far it came; the next run continues", async () => {
    const path = writeTar(world.workspace, "laguna.tar", files);
    const session = world.principals.addSession({ ...role, id: "AROAX", account }, "job", Date.now(), 3_600);
    const saved = { ...process.env };
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: session.caller.accessKeyId,
      AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
      AWS_SESSION_TOKEN: session.sessionToken,
    });
    const run = () => world.principals.expireSessions(Date.now());
    world.ground.faults.add({ service: "s3", operation: "UploadPart", nth: 3, effect: { kind: "hook", run } });
    const inputs = { checkpoints: `laguna-m=${path}`, "part-size": "5MiB", concurrency: "1" };
    const ended = await world.sync(inputs, { clock });
    expect(ended.failure?.code).toBe("AWS_CREDENTIALS_REFUSED");
    expect(
      ended.lines.some((line) => /^10\.\d MiB of 22\.\d MiB are in models; the next run continues there$/.test(line)),
    ).toBe(true);
    const next = world.principals.addSession({ ...role, id: "AROAX", account }, "next", Date.now(), 3_600);
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: next.caller.accessKeyId,
      AWS_SECRET_ACCESS_KEY: next.secretAccessKey,
      AWS_SESSION_TOKEN: next.sessionToken,
    });
    const again = await world.sync(inputs, { clock });
    delete process.env["AWS_SESSION_TOKEN"];
    Object.assign(process.env, saved);
    expect(again.failure).toBeUndefined();
    expect(again.writes.filter((name) => name === "UploadPart")).toHaveLength(3);
  });
});
