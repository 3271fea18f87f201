import { describe, expect, it } from "vitest";
import {
  type AliasTarget,
  balancerName,
  hostChange,
  hostState,
  markOf,
  recordsFor,
  type ZoneRecord,
} from "../../../src/deploy/dns.ts";

const target: AliasTarget = {
  zone: "Z1",
  name: "internal-k8s-poolside-1a2b-123.us-east-2.elb.amazonaws.com",
  dualStack: false,
};
const owner = "inference/dev";
const host = "point.example.com";
const alias = (name: string): ZoneRecord => ({ name: host, type: "A", alias: { zone: "Z1", name } });
const mark: ZoneRecord = { name: host, type: "TXT", values: [markOf(owner)] };

describe("hostState", () => {
  it.each([
    ["nothing is there", [], "absent"],
    ["another host's records", [{ ...alias(target.name), name: "other.example.com" }], "absent"],
    [
      "someone else's record leads to the same load balancer",
      [alias(`dualstack.${target.name.toUpperCase()}.`)],
      "same",
    ],
    ["our record leads elsewhere", [alias("old.elb.amazonaws.com"), mark], "ours"],
    ["only our mark is there, from a batch that was cut", [mark], "ours"],
    ["a stranger's record leads elsewhere", [alias("old.elb.amazonaws.com")], "foreign"],
    ["a stranger's CNAME", [{ name: host, type: "CNAME", values: ["x"] }], "foreign"],
    ["a stranger's TXT", [{ name: host, type: "TXT", values: ['"v=spf1"'] }], "foreign"],
    ["another release's mark", [alias("old.elb.amazonaws.com"), { ...mark, values: [markOf("other/dev")] }], "foreign"],
  ] as const)("when %s", (_, records, state) => {
    expect(hostState(host, records, target, owner)).toBe(state);
  });

  it("wants both address records for a dual-stack load balancer", () => {
    expect(hostState(host, [alias(target.name), mark], { ...target, dualStack: true }, owner)).toBe("ours");
    expect(recordsFor(host, { ...target, dualStack: true }, owner).map((record) => record.type)).toEqual([
      "A",
      "AAAA",
      "TXT",
    ]);
  });
});

describe("hostChange", () => {
  it("plans a record whose load balancer is not there yet as unknown", () => {
    expect(hostChange(host, "absent", undefined)).toMatchObject({
      verb: "create",
      to: { unknown: expect.any(String) },
    });
    expect(hostChange(host, "ours", undefined)).toBeUndefined();
  });

  it("refuses a stranger's record", () => {
    expect(() => hostChange(host, "foreign", target)).toThrow(expect.objectContaining({ code: "DEPLOY_DNS_FOREIGN" }));
  });
});

describe("balancerName", () => {
  it.each([
    ["internal-k8s-poolside-1a2b3c4d5e-123456789.us-east-2.elb.amazonaws.com", "k8s-poolside-1a2b3c4d5e"],
    ["k8s-poolside-1a2b3c4d5e-123456789.us-east-2.elb.amazonaws.com.", "k8s-poolside-1a2b3c4d5e"],
    ["192.0.2.1", undefined],
    ["lb.example.com", undefined],
  ])("reads %s", (hostname, name) => {
    expect(balancerName(hostname)).toBe(name);
  });
});
