import { DescribeClusterCommand } from "@aws-sdk/client-eks";
import {
  CreateOpenIDConnectProviderCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startMoto } from "./imitations.ts";
import { cluster, type IrsaWorld, openIrsaWorld } from "./irsa-world.ts";

let world: IrsaWorld;
let issuer: string;

beforeAll(async () => {
  world = await openIrsaWorld(await startMoto(), "123456789012");
  const described = await world.eks.send(new DescribeClusterCommand({ name: cluster }));
  issuer = described.cluster!.identity!.oidc!.issuer!;
  await world.iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url: issuer,
      ClientIDList: ["sts.amazonaws.com"],
      ThumbprintList: ["0".repeat(40)],
    }),
  );
});

afterAll(() => world?.close());

it("makes policy, role and attachment in an IAM that others wrote, which reads the trust as it was meant", async () => {
  const first = await world.run();
  expect(first.failures).toEqual([]);
  expect(first.outputs["role-arn"]).toBe("arn:aws:iam::123456789012:role/inference-pod-role");
  const { Role } = await world.iam.send(new GetRoleCommand({ RoleName: "inference-pod-role" }));
  const host = issuer.replace("https://", "");
  expect(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).Statement).toMatchObject([
    {
      Principal: { Federated: `arn:aws:iam::123456789012:oidc-provider/${host}` },
      Condition: {
        StringEquals: {
          [`${host}:aud`]: "sts.amazonaws.com",
          [`${host}:sub`]: "system:serviceaccount:poolside-models:inference",
        },
      },
    },
  ]);
  const attached = await world.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "inference-pod-role" }));
  expect(attached.AttachedPolicies).toMatchObject([{ PolicyArn: first.outputs["policy-arn"] }]);
});

it("changes nothing the second time, however that IAM writes the documents back", async () => {
  const second = await world.run();
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false" });
});

it("refuses a role that another release owns, before the first write", async () => {
  const stranger = await world.run({ namespace: "other" });
  expect(stranger.failures).toHaveLength(1);
  expect(stranger.failures[0]!.message).toContain("inference-pod-role");
  expect(stranger.failures[0]!.message).toContain("poolside/poolside-models/inference");
});
