import { type Grant, type PolicyDocument, podIdentityTrust, policyDocument, webIdentityTrust } from "./documents.ts";
import { grantOf } from "./grant.ts";
import { type Identity, policyArnOf, roleArnOf } from "./identity.ts";
import { atomsOf, keyOf, sameMeaning } from "./meaning.ts";
import type { ObservedIdentity } from "./observed.ts";

/** What must be true afterwards, in full. */
export interface Wanted {
  readonly roleArn: string;
  readonly policyArn: string;
  readonly grant: Grant;
  readonly policy: PolicyDocument;
  readonly trust: PolicyDocument;
  /** Trust of the other mode for the same service account: it may stay, so that pods of before a move keep their access. */
  readonly otherTrust: PolicyDocument;
}

export function wantedOf(identity: Identity, observed: ObservedIdentity): Wanted {
  const { cluster, key, policy } = observed;
  const web = webIdentityTrust(identity, cluster.issuer, identity.place);
  const pods = podIdentityTrust(identity);
  const grant = grantOf(identity.reach, identity.place, key?.arn, policy?.document);
  return {
    roleArn: roleArnOf(identity),
    policyArn: policyArnOf(identity),
    grant,
    policy: policyDocument(grant),
    trust: identity.mode === "irsa" ? web : pods,
    otherTrust: identity.mode === "irsa" ? pods : web,
  };
}

type Raw = Readonly<Record<string, unknown>>;

/** The trust to write in place of `standing`; `undefined` when it already lets in exactly whom it should. */
export function trustToWrite(wanted: Wanted, standing: Raw): PolicyDocument | undefined {
  const after = keepsOther(wanted, standing)
    ? { ...wanted.trust, Statement: [...wanted.trust.Statement, ...wanted.otherTrust.Statement] }
    : wanted.trust;
  return sameMeaning(after, standing) ? undefined : after;
}

/** Whether the trust still lets the service account in the other mode's way. */
export function keepsOther(wanted: Wanted, standing: Raw): boolean {
  const there = new Set(atomsOf(standing).map(keyOf));
  return atomsOf(wanted.otherTrust).every((atom) => there.has(keyOf(atom)));
}
