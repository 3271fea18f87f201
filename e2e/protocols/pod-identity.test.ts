import {
  CreateAddonCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startMinistack } from "./imitations.ts";
import { cluster, type IrsaWorld, openIrsaWorld } from "./irsa-world.ts";

let world: IrsaWorld;

beforeAll(async () => {
  world = await openIrsaWorld(await startMinistack(), "000000000000");
  await world.eks.send(new CreateAddonCommand({ clusterName: cluster, addonName: "eks-pod-identity-agent" }));
});

afterAll(() => world?.close());

it("associates a role with the service account in an EKS that others wrote", async () => {
  const first = await world.run({ mode: "pod-identity" });
  expect(first.failures).toEqual([]);
  const { associations = [] } = await world.eks.send(new ListPodIdentityAssociationsCommand({ clusterName: cluster }));
  expect(associations).toMatchObject([{ namespace: "poolside-models", serviceAccount: "inference" }]);
  const { association } = await world.eks.send(
    new DescribePodIdentityAssociationCommand({
      clusterName: cluster,
      associationId: associations[0]!.associationId,
    }),
  );
  expect(association!.roleArn).toBe(first.outputs["role-arn"]);
  const { Role } = await world.iam.send(new GetRoleCommand({ RoleName: "inference-pod-role" }));
  expect(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).Statement).toMatchObject([
    { Principal: { Service: "pods.eks.amazonaws.com" } },
  ]);
});

it("changes nothing the second time", async () => {
  const second = await world.run({ mode: "pod-identity" });
  expect(second.failures).toEqual([]);
  expect(second.outputs).toMatchObject({ changes: "0", changed: "false" });
});
