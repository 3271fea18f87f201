import {
  type Change,
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  GetHostedZoneCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from "@aws-sdk/client-route-53";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadBalancer } from "../../../sandbox/aws/elb.ts";
import { startWorld, type World } from "../../../sandbox/world.ts";
import { clientSettings } from "./lay.ts";

let world: World;
let client: Route53Client;
let zone: string;
let balancer: LoadBalancer;

beforeAll(async () => {
  world = await startWorld({ pace: 0.002 });
  client = new Route53Client({ ...clientSettings(world), region: "us-east-1" });
  zone = [...world.aws.route53.zones.keys()][0]!;
  balancer = world.aws.elb.forGroup("poolside", "internal", world.names.cluster);
});

afterAll(async () => {
  client.destroy();
  await world.close();
  expect(world.defects).toEqual([]);
});

const change = (...Changes: Change[]) =>
  client.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }));
const list = async (StartRecordName?: string) =>
  (await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: zone, StartRecordName }))).ResourceRecordSets ??
  [];
const alias = (Name: string, over: object = {}) => ({
  Name,
  Type: "A" as const,
  AliasTarget: { HostedZoneId: balancer.hostedZoneId, DNSName: balancer.dnsName, EvaluateTargetHealth: false, ...over },
});
const text = (Name: string, Value: string) => ({ Name, Type: "TXT" as const, TTL: 300, ResourceRecords: [{ Value }] });

describe("Route 53", () => {
  it("knows the zone", async () => {
    const { HostedZone } = await client.send(new GetHostedZoneCommand({ Id: zone }));
    expect(HostedZone).toMatchObject({ Name: "dev.example.com.", Config: { PrivateZone: false } });
    await expect(client.send(new GetHostedZoneCommand({ Id: "Z0" }))).rejects.toMatchObject({
      name: "NoSuchHostedZone",
    });
  });

  it("makes an alias and its TXT, which are in sync after a while", async () => {
    const { ChangeInfo } = await change(
      { Action: "UPSERT", ResourceRecordSet: alias("Point.dev.example.com") },
      { Action: "UPSERT", ResourceRecordSet: text("point.dev.example.com", '"owner"') },
    );
    expect(ChangeInfo?.Status).toBe("PENDING");
    world.advance(60_000);
    const later = await client.send(new GetChangeCommand({ Id: ChangeInfo!.Id! }));
    expect(later.ChangeInfo?.Status).toBe("INSYNC");
    const [a, txt] = await list("point.dev.example.com");
    expect(a).toMatchObject({ Name: "point.dev.example.com.", AliasTarget: { DNSName: `${balancer.dnsName}.` } });
    expect(txt).toMatchObject({ Type: "TXT", TTL: 300, ResourceRecords: [{ Value: '"owner"' }] });
  });

  it("lists by labels from the end", async () => {
    await change({ Action: "CREATE", ResourceRecordSet: text("a.z.dev.example.com", '"1"') });
    await change({ Action: "CREATE", ResourceRecordSet: text("b.a.dev.example.com", '"2"') });
    const names = (await list()).map(({ Name }) => Name);
    expect(names.indexOf("b.a.dev.example.com.")).toBeLessThan(names.indexOf("a.z.dev.example.com."));
  });

  it.each<[string, () => Change]>([
    ["a name outside the zone", () => ({ Action: "CREATE", ResourceRecordSet: text("a.example.org", '"x"') })],
    [
      "an alias to nothing",
      () => ({
        Action: "CREATE",
        ResourceRecordSet: alias("n.dev.example.com", { DNSName: "gone.elb.amazonaws.com" }),
      }),
    ],
    [
      "an alias in the wrong zone",
      () => ({ Action: "CREATE", ResourceRecordSet: alias("n.dev.example.com", { HostedZoneId: "Z1" }) }),
    ],
    ["text without quotes", () => ({ Action: "CREATE", ResourceRecordSet: text("n.dev.example.com", "bare") })],
    [
      "a delete of other values",
      () => ({ Action: "DELETE", ResourceRecordSet: text("a.z.dev.example.com", '"other"') }),
    ],
    [
      "a second one of what exists",
      () => ({ Action: "CREATE", ResourceRecordSet: text("a.z.dev.example.com", '"1"') }),
    ],
  ])("refuses %s, and the rest of the batch with it", async (_what, wrong) => {
    const good: Change = { Action: "CREATE", ResourceRecordSet: text("good.dev.example.com", '"x"') };
    await expect(change(good, wrong())).rejects.toMatchObject({ name: "InvalidChangeBatch" });
    expect((await list()).map(({ Name }) => Name)).not.toContain("good.dev.example.com.");
  });
});
