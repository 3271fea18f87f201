import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { connectAws } from "../../../src/aws/session.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connectCluster } from "../../../src/cluster/connect.ts";
import { helmEnvironment } from "../../../src/cluster/helm-environment.ts";
import { namespaces } from "../../../src/cluster/resources.ts";
import { watchResource } from "../../../src/cluster/watch.ts";
import { type Clock, systemClock } from "../../../src/retry.ts";
import { type TestContext, testContext } from "../../support/context.ts";

/** The machine's clock, moved. */
function movedClock(): Clock & { moved: number } {
  const clock = {
    ...systemClock,
    moved: 0,
    now: () => Date.now() + clock.moved,
  };
  return clock;
}

describe("an EKS cluster", () => {
  let world: World;
  let before: NodeJS.ProcessEnv;
  let clock: ReturnType<typeof movedClock>;
  let ctx: TestContext;
  let cluster: Cluster;

  beforeAll(async () => {
    world = await startWorld({ pace: 0.02 });
    before = { ...process.env };
    Object.assign(process.env, world.env);
    clock = movedClock();
    ctx = testContext({ clock, ambient: { region: world.names.region } });
    const target = { region: world.names.region, accountId: world.names.account, role: undefined };
    cluster = await connectCluster({ cluster: world.names.cluster }, { ctx, aws: () => connectAws(target, ctx) });
  });

  afterAll(async () => {
    cluster?.close();
    process.env = before;
    await world?.close();
  });

  it("lets a presigned GetCallerIdentity in as a token, and the token is masked", async () => {
    expect(await cluster.version()).toBe("1.34");
    expect(ctx.recorded.masks.filter((mask) => mask.startsWith("k8s-aws-v1."))).toHaveLength(1);
  });

  it("gives helm the same token by environment, and writes it into no file", async () => {
    const env = await helmEnvironment(cluster, ctx);
    expect(env["HELM_KUBETOKEN"]).toMatch(/^k8s-aws-v1\./);
    expect(env["HELM_KUBEAPISERVER"]).toBe(world.kubernetes.url);
  });

  it("renews a token that is 14 minutes old", async () => {
    clock.moved += 14 * 60_000 + 1_000;
    world.advance(14 * 60_000 + 1_000);
    expect(await cluster.version()).toBe("1.34");
    expect(ctx.recorded.masks.filter((mask) => mask.startsWith("k8s-aws-v1."))).toHaveLength(2);
  });

  it("goes on watching with a new token when the old one is refused", async () => {
    const refused = {
      status: 401,
      headers: { "content-type": "application/json" },
      body: '{"kind":"Status","code":401}',
    };
    world.faults.add({
      service: "kubernetes",
      operation: "watch namespaces",
      effect: { kind: "answer", answer: refused },
    });
    const minted = () => ctx.recorded.masks.filter((mask) => mask.startsWith("k8s-aws-v1.")).length;
    const mark = minted();
    const stop = new AbortController();
    const watched = await watchResource(cluster, namespaces, {}, { ...ctx, signal: stop.signal }, () => {});
    await cluster.create(namespaces, { metadata: { name: "later" } });
    await expect.poll(() => watched.items().map((item) => item.metadata.name)).toContain("later");
    expect(minted()).toBe(mark + 1);
    stop.abort();
    await watched.ended;
  });

  it("tells a role without an access entry how to get one", async () => {
    world.cluster.accessEntries.clear();
    await expect(cluster.version()).rejects.toMatchObject({
      code: "CLUSTER_UNAUTHORIZED",
      next: expect.stringContaining("aws eks create-access-entry --cluster-name poolside"),
    });
  });
});
