import { getServers, setServers } from "node:dns";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSampleBundle } from "../../../sandbox/sample/bundle.ts";
import { writeSampleCheckpoints } from "../../../sandbox/sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "../../../sandbox/sample/spec.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { runAction } from "../../../src/action/run.ts";
import { release } from "../../../src/actions/release/index.ts";
import { systemClock } from "../../../src/retry.ts";
import { testContext } from "../../support/context.ts";
import { type TestRunner, testRunner } from "../../support/runner.ts";

/** A release in a world of its own, in this process: records need load balancers, and those need the whole chain. */
describe("dns: route53", () => {
  const servers = getServers();
  let world: World;
  let before: NodeJS.ProcessEnv;
  let folder: string;

  beforeAll(async () => {
    setServers(["127.0.0.1:1"]);
    world = await startWorld({ pace: 0.02 });
    before = { ...process.env };
    Object.assign(process.env, world.env);
    folder = mkdtempSync(join(tmpdir(), "eks-deploy-dns-"));
    const workspace = join(folder, "work");
    mkdirSync(workspace);
    writeSampleBundle(join(workspace, "poolside-2611"), 0.02);
    const checkpoints = Object.entries(writeSampleCheckpoints(join(workspace, "checkpoints"), 0.02)).map(
      ([key, path]) => [key, `./${relative(workspace, path)}`] as const,
    );
    const spec = { ...world.names, bundle: "./poolside-2611", checkpoints: Object.fromEntries(checkpoints) };
    writeFileSync(join(workspace, "eks-deploy.yaml"), sampleSpec(spec));
    writeFileSync(join(folder, "authority.pem"), world.authority);
  });

  afterAll(async () => {
    setServers(servers);
    process.env = before;
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const zone = () => [...world.aws.route53.zones.values()][0]!;

  async function run(more: Readonly<Record<string, string>> = {}): Promise<TestRunner> {
    const ambient = {
      region: world.names.region,
      temp: join(folder, "temp"),
      workspace: join(folder, "work"),
      path: world.tools,
    };
    const runner = testRunner(
      {
        environment: "dev",
        "api-key": "canary",
        dns: "route53",
        "hosted-zone-id": zone().id,
        resolve: sampleModels.map((model) => `${model.host}=127.0.0.1:${world.balancerPort}`).join("\n"),
        "ca-certificate": join(folder, "authority.pem"),
        ...more,
      },
      testContext({ clock: systemClock, ambient }),
    );
    await runAction(release, runner);
    return runner;
  }

  it("refuses a host that has a stranger's record, and a zone that does not hold it, before the first write", async () => {
    const name = "point.dev.example.com.";
    zone().records.set(`${name} A`, { name, type: "A", ttl: 60, values: ["192.0.2.1"] });
    const refused = await run();
    expect(refused.failures).toMatchObject([{ code: "DEPLOY_DNS_FOREIGN" }]);
    zone().records.delete(`${name} A`);
    const other = world.aws.route53.addZone("example.org");
    expect((await run({ "hosted-zone-id": other.id })).failures).toMatchObject([{ code: "DEPLOY_DNS_ZONE" }]);
    world.aws.route53.zones.delete(other.id);
    expect(world.requests.writes()).toEqual([]);
  });

  it("leads each host to the load balancer, marked as ours, and writes nothing the second time", async () => {
    const first = await run();
    expect(first.failures).toEqual([]);
    // No name server answers here: that is said, and waited for no longer.
    expect(first.context.recorded.findings.map(({ code }) => code)).toContain("DEPLOY_DNS_UNSEEN");
    const records = [...zone().records.values()].filter((record) => record.name === "point.dev.example.com.");
    expect(records).toMatchObject([
      { type: "A", alias: { evaluateTargetHealth: false, dnsName: expect.stringContaining(".elb.") } },
      { type: "TXT", values: ['"eks-deploy/owner=inference/dev"'] },
    ]);
    const mark = world.requests.all.length;
    const again = await run({ "approved-plan": first.outputs["plan-sha256"]! });
    expect(again.failures).toEqual([]);
    expect(again.outputs).toMatchObject({ changes: "0", status: "unchanged" });
    expect(world.requests.writes(mark).map((request) => `${request.name} ${request.resource}`)).toEqual([]);
  });

  it("rolls a release back whose smoke test fails, under the same Lease, where there is no room for old and new pods", async () => {
    const strict = await run({
      expect: "completion=no answer says this",
      values: "podAnnotations: { team: models }",
      surge: "recreate",
    });
    expect(strict.failures).toMatchObject([{ code: "SMOKE_FAILED" }]);
    expect(strict.outputs).toMatchObject({ status: "rolled-back", "rolled-back-to": "1", revision: "3" });
    expect(world.kubernetes.store.list("leases", "poolside-models")).toEqual([]);
  });
});
