import { describe, expect, it } from "vitest";
import { AcmState } from "../../../sandbox/aws/acm.ts";
import { Ec2State } from "../../../sandbox/aws/ec2.ts";
import { createAuthority } from "../../../sandbox/tls.ts";
import type { AwsStates } from "../../../sandbox/world/aws.ts";
import { Certificates } from "../../../sandbox/world/certificates.ts";
import { balancerObjection, laySubnets } from "../../../sandbox/world/prerequisites.ts";

const acm = () => new AcmState("210987654321", "us-east-2", "aws");
const statesWith = (parts: Partial<AwsStates>) => ({ ec2: new Ec2State(), acm: acm(), ...parts }) as AwsStates;

describe("what AWS has against a load balancer", () => {
  it("is nothing with tagged subnets in two zones and an issued certificate", () => {
    const states = statesWith({});
    laySubnets(states, "us-east-2", true);
    const { arn } = states.acm.add(["*.dev.example.com"], 0);
    for (const scheme of ["internal", "internet-facing"] as const)
      expect(balancerObjection(states)({ scheme, certificates: [arn] })).toBeUndefined();
  });

  it("is subnets without the role's tag", () => {
    const states = statesWith({});
    laySubnets(states, "us-east-2", false);
    expect(balancerObjection(states)({ scheme: "internal", certificates: [] })).toContain(
      "couldn't auto-discover subnets",
    );
  });

  it("is a certificate that is not issued, or not there", () => {
    const states = statesWith({});
    laySubnets(states, "us-east-2", true);
    const { arn } = states.acm.add(["a.example.com"], 0, { status: "PENDING_VALIDATION" });
    for (const certificates of [[arn], ["arn:aws:acm:us-east-2:1:certificate/none"]])
      expect(balancerObjection(states)({ scheme: "internal", certificates })).toContain("not valid");
  });
});

describe("the certificate that a name is shown", () => {
  it("covers one label by a wildcard, and the apex only by its own name", async () => {
    const certificates = new Certificates(acm(), await createAuthority());
    await certificates.add(["*.dev.example.com"], Date.now());
    expect(certificates.forName("Point.dev.example.com")).toBeDefined();
    for (const name of ["dev.example.com", "a.b.dev.example.com", "point.example.com"])
      expect(certificates.forName(name)).toBeUndefined();
  });
});
