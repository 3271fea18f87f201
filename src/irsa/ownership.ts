import { type Identity, ownerOf, ownerTag } from "./identity.ts";
import { atomsOf } from "./meaning.ts";
import type { ObservedIdentity } from "./observed.ts";
import { type Stranger, strangers } from "./refusals.ts";
import { linesBeyond } from "./show.ts";
import { trustToWrite, type Wanted } from "./wanted.ts";

/**
 * Refuses a role or policy that is not ours, with everything that would be changed in it. `adopt` takes over what has no owner;
 * what another cluster, namespace or service account owns is never taken: both would write it in turn.
 */
export function refuseStrangers(identity: Identity, wanted: Wanted, { role, policy }: ObservedIdentity): void {
  const found: Stranger[] = [];
  if (role && !isOurs(role.tags, identity)) {
    const trust = trustToWrite(wanted, role.trust);
    found.push({
      kind: "role",
      name: role.name,
      owner: role.tags[ownerTag],
      differences: [
        ...(trust ? differences("trust", role.trust, trust) : []),
        ...(role.attached.includes(wanted.policyArn) ? [] : [`+ attached: ${wanted.policyArn}`]),
      ],
    });
  }
  if (policy && !isOurs(policy.tags, identity)) {
    found.push({
      kind: "policy",
      name: policy.arn,
      owner: policy.tags[ownerTag],
      differences: differences("grants", policy.document, wanted.policy),
    });
  }
  if (found.length > 0) throw strangers(identity, found);
}

function isOurs(tags: Readonly<Record<string, string>>, identity: Identity): boolean {
  const owner = tags[ownerTag];
  return owner === ownerOf(identity) || (owner === undefined && identity.adopt);
}

function differences(what: string, standing: object, next: object): readonly string[] {
  type Raw = Readonly<Record<string, unknown>>;
  return [
    ...linesBeyond(standing, atomsOf(next as Raw)).map((line) => `- ${what}: ${line}`),
    ...linesBeyond(next, atomsOf(standing as Raw)).map((line) => `+ ${what}: ${line}`),
  ];
}
