import type { Change } from "../action/plan.ts";
import { type Identity, ownerOf, ownerTag, tagsOf } from "./identity.ts";
import type { ObservedAssociation, ObservedIdentity } from "./observed.ts";
import { noAgent, strangerAssociation, unreadAssociations } from "./refusals.ts";
import type { Step } from "./step.ts";
import type { Wanted } from "./wanted.ts";

/** What Pod Identity needs before anything is written. */
export function checkPodIdentity(identity: Identity, { agent, associations }: ObservedIdentity): void {
  if (identity.mode !== "pod-identity") return;
  if (agent === "missing") throw noAgent(identity.cluster);
  if (!associations) throw unreadAssociations(identity.cluster);
}

/** The association comes last: EKS asks whether the role trusts it. */
export function associationSteps(identity: Identity, wanted: Wanted, observed: ObservedIdentity): readonly Step[] {
  if (identity.mode !== "pod-identity") return [];
  const [found] = observed.associations ?? [];
  const name = `${identity.namespace}/${identity.serviceAccount}`;
  const base = { kind: "Pod Identity association", name, to: wanted.roleArn };
  if (!found) {
    const change: Change = { verb: "create", ...base, reason: "the service account has none" };
    return [{ change, act: { do: "create-association", tags: tagsOf(identity) } }];
  }
  if (isRight(found, wanted.roleArn)) return [];
  // A target role chains into another account: nothing that we make, and an update cannot take it away.
  if (found.ownerArn !== undefined || found.targetRoleArn !== undefined || !mayChange(found, identity))
    throw strangerAssociation(identity, found.id, found.roleArn, found.ownerArn);
  const change: Change = {
    verb: "update",
    ...base,
    from: `${found.roleArn}${found.sessionTags ? "" : ", without session tags"}`,
    reason: "it gives the pods another role",
  };
  return [{ change, act: { do: "update-association", id: found.id } }];
}

function isRight(found: ObservedAssociation, roleArn: string): boolean {
  return found.roleArn === roleArn && found.targetRoleArn === undefined && found.sessionTags;
}

function mayChange(found: ObservedAssociation, identity: Identity): boolean {
  const owner = found.tags[ownerTag];
  return owner === ownerOf(identity) || (owner === undefined && identity.adopt);
}
