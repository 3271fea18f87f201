import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RegistryState } from "../../../sandbox/registry/state.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";

const other = "310987654321";
const pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const statement = (over: object) => ({
  Effect: "Allow",
  Principal: { AWS: `arn:aws:iam::${other}:root` },
  Action: pull,
  ...over,
});
const policy = (...statements: object[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allowing = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "ecr:*", Resource: "*" }] };

let home: World;
let away: World;

beforeAll(async () => {
  home = await startWorld({ pace: 0.01 });
  away = await startWorld({
    pace: 0.01,
    names: { account: other, cluster: "poolside-prod", bucket: "acme-models-prod" },
    beside: home,
  });
  home.aws.ecr.add("atlas");
}, 120_000);

afterAll(async () => {
  await away?.close();
  await home?.close();
});

/** What the other account's principal hears when it asks for a manifest here. */
async function ask(caller: Parameters<RegistryState["issueToken"]>[0]): Promise<{ status: number; text: string }> {
  const { password } = away.aws.ecr.issueToken(caller);
  const answer = await fetch(`http://${home.aws.ecr.host}/v2/atlas/manifests/1`, {
    headers: { authorization: `Basic ${Buffer.from(`AWS:${password}`).toString("base64")}`, accept: "*/*" },
  });
  return { status: answer.status, text: await answer.text() };
}

const user = () => away.aws.principals.addUser(other, "puller").caller;

/** A session of a role of the other account. */
function session(document: object) {
  const role = away.addGithubRole(`puller-${away.aws.iam.allRoles().length}`, document);
  return { role, caller: away.aws.principals.addSession({ ...role, account: other }, "job", away.now(), 3_600).caller };
}

describe("a repository asked by another account", () => {
  const set = (text: string | undefined) => {
    home.aws.ecr.repository("atlas").policy = text;
  };

  it("knows who comes, and lets nobody in without a policy", async () => {
    set(undefined);
    const { status, text } = await ask(user());
    expect(status).toBe(403);
    expect(text).toContain(
      `arn:aws:iam::${other}:user/puller is not authorized to perform: ecr:BatchGetImage on resource`,
    );
    expect(text).toContain("because no resource-based policy allows the ecr:BatchGetImage action");
  });

  it.each([
    ["the account", () => statement({})],
    ["the account by its number", () => statement({ Principal: { AWS: [other] } })],
    ["everybody", () => statement({ Principal: "*" })],
  ])("lets %s in that its policy names", async (_, made) => {
    set(policy(made()));
    expect((await ask(user())).status).toBe(404);
  });

  it.each([
    ["another account", statement({ Principal: { AWS: "arn:aws:iam::999999999999:root" } })],
    ["another action", statement({ Action: "ecr:GetDownloadUrlForLayer" })],
    ["a service", statement({ Principal: { Service: "codebuild.amazonaws.com" } })],
    ["a condition that does not hold", statement({ Condition: { StringEquals: { "aws:PrincipalAccount": "1" } } })],
  ])("lets nobody in whose policy is about %s", async (_, made) => {
    set(policy(made));
    expect((await ask(user())).status).toBe(403);
  });

  it("lets a deny win", async () => {
    set(policy(statement({}), statement({ Effect: "Deny", Principal: "*" })));
    expect((await ask(user())).text).toContain("with an explicit deny in a resource-based policy");
  });

  it("wants the role's own policy beside the repository's", async () => {
    const [allowed, bare] = [
      session(allowing),
      session({ ...allowing, Statement: [{ ...allowing.Statement[0], Action: "s3:*" }] }),
    ];
    set(policy(statement({ Principal: { AWS: allowed.role.arn } })));
    expect((await ask(allowed.caller)).status).toBe(404);
    set(policy(statement({})));
    expect((await ask(bare.caller)).text).toContain("no identity-based policy allows the ecr:BatchGetImage action");
    expect((await ask(allowed.caller)).status).toBe(404);
  });
});

it("does not take a token of another region", async () => {
  const neighbours: RegistryState[] = [];
  const [here, there] = ["us-east-2", "eu-west-1"].map(
    (region) => new RegistryState({ account: other, region, partition: "aws", now: () => 0, neighbours }),
  );
  const { password } = there!.issueToken(user());
  expect(there!.token(password)).toBeDefined();
  expect(here!.token(password)).toBeUndefined();
});
