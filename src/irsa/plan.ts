import type { Change, Plan } from "../action/plan.ts";
import type { Json } from "../canonical.ts";
import { audience, type PolicyDocument } from "./documents.ts";
import { type Identity, issuerHost, ownerOf, ownerTag, providerArnOf, tagsOf } from "./identity.ts";
import { atomsOf, sameMeaning } from "./meaning.ts";
import type { ObservedIdentity } from "./observed.ts";
import { refuseStrangers } from "./ownership.ts";
import { associationSteps, checkPodIdentity } from "./plan-association.ts";
import { checkSizes, nameTaken, noProvider, tooManyAttached, wrongAudience } from "./refusals.ts";
import { documentLine, linesBeyond, stable } from "./show.ts";
import type { Step } from "./step.ts";
import { annotatedAccount, type IdentityValues, plainAccount } from "./values.ts";
import { trustToWrite, type Wanted, wantedOf } from "./wanted.ts";

/** What apply carries out. */
export interface IdentityWork {
  readonly identity: Identity;
  readonly wanted: Wanted;
  readonly steps: readonly Step[];
}

export interface IdentityOutputs {
  readonly roleArn: string;
  readonly policyArn: string;
  readonly values: IdentityValues;
}

/** What must change so that IAM grants exactly what `identity` says; empty when it does already. The order is safe to interrupt. */
export function planIdentity(identity: Identity, observed: ObservedIdentity): Plan<IdentityWork, IdentityOutputs> {
  const wanted = wantedOf(identity, observed);
  checkNames(wanted, observed);
  checkPodIdentity(identity, observed);
  refuseStrangers(identity, wanted, observed);
  checkSizes(wanted, observed.quotas);
  const steps = [
    ...providerSteps(identity, observed),
    ...policySteps(identity, wanted, observed),
    ...roleSteps(identity, wanted, observed),
    ...attachmentSteps(identity, wanted, observed),
    ...associationSteps(identity, wanted, observed),
  ];
  return {
    changes: steps.map((step) => step.change),
    endState: endStateOf(identity, wanted, observed),
    outputs: {
      roleArn: wanted.roleArn,
      policyArn: wanted.policyArn,
      values:
        identity.mode === "irsa"
          ? annotatedAccount(identity.serviceAccount, wanted.roleArn)
          : plainAccount(identity.serviceAccount),
    },
    work: { identity, wanted, steps },
  };
}

function checkNames(wanted: Wanted, { role, policyNamesake }: ObservedIdentity): void {
  if (role && role.arn !== wanted.roleArn) throw nameTaken("role", wanted.roleArn, role.arn);
  if (policyNamesake && policyNamesake !== wanted.policyArn)
    throw nameTaken("policy", wanted.policyArn, policyNamesake);
}

function providerSteps(identity: Identity, { cluster, provider }: ObservedIdentity): readonly Step[] {
  if (identity.mode !== "irsa") return [];
  if (provider) {
    if (!provider.audiences.includes(audience)) throw wrongAudience(provider.arn, provider.audiences);
    return [];
  }
  if (!identity.createProvider) throw noProvider(cluster.name, cluster.issuer, identity.place.account);
  const change: Change = {
    verb: "create",
    kind: "OIDC provider",
    name: issuerHost(cluster.issuer),
    to: `audience ${audience}`,
    reason: "the account does not know the cluster's issuer",
  };
  return [{ change, act: { do: "create-provider", url: cluster.issuer, tags: tagsOf(identity) } }];
}

function policySteps(identity: Identity, wanted: Wanted, { policy, quotas }: ObservedIdentity): readonly Step[] {
  const name = identity.policyName;
  const change = (over: Pick<Change, "verb" | "reason"> & Partial<Change>): Change => ({
    kind: "policy",
    name,
    ...over,
  });
  if (!policy) {
    return [
      {
        change: change({ verb: "create", to: documentLine(wanted.policy), reason: "it is not there" }),
        act: { do: "create-policy", document: wanted.policy, tags: tagsOf(identity) },
      },
    ];
  }
  const steps: Step[] = tagSteps("policy", name, identity, policy.tags);
  if (sameMeaning(policy.document, wanted.policy)) return steps;
  const surplus = policy.versions.length - quotas.versionsPerPolicy + 1;
  for (const id of oldestFirst(policy.versions.filter((each) => each !== policy.defaultVersion)).slice(0, surplus)) {
    steps.push({
      change: {
        verb: "delete",
        kind: "policy version",
        name: `${name} ${id}`,
        from: "not in use",
        reason: `a policy has at most ${quotas.versionsPerPolicy} versions`,
      },
      act: { do: "delete-version", id },
    });
  }
  steps.push({
    change: change({
      verb: "update",
      ...difference(policy.document, wanted.policy),
      reason: "it grants something else",
    }),
    act: { do: "create-version", document: wanted.policy },
  });
  return steps;
}

function roleSteps(identity: Identity, wanted: Wanted, { role }: ObservedIdentity): readonly Step[] {
  const name = identity.roleName;
  if (!role) {
    const change: Change = {
      verb: "create",
      kind: "role",
      name,
      to: documentLine(wanted.trust),
      reason: "it is not there",
    };
    const { boundary } = identity;
    return [{ change, act: { do: "create-role", trust: wanted.trust, boundary, tags: tagsOf(identity) } }];
  }
  const steps: Step[] = tagSteps("role", name, identity, role.tags);
  if (identity.boundary !== undefined && identity.boundary !== role.boundary) {
    const change: Change = {
      verb: "update",
      kind: "permissions boundary",
      name,
      from: role.boundary ?? "none",
      to: identity.boundary,
      reason: "permissions-boundary says so",
    };
    steps.push({ change, act: { do: "put-boundary", arn: identity.boundary } });
  }
  const trust = trustToWrite(wanted, role.trust);
  if (trust) {
    const change: Change = {
      verb: "update",
      kind: "trust policy",
      name,
      ...difference(role.trust, trust),
      reason: "it lets in somebody else, or not the service account",
    };
    steps.push({ change, act: { do: "update-trust", trust } });
  }
  return steps;
}

/** Tags that are missing or other ones; our own among them means that the thing is taken over. */
function tagSteps(
  kind: "role" | "policy",
  name: string,
  identity: Identity,
  standing: Readonly<Record<string, string>>,
): Step[] {
  const tags = Object.entries(tagsOf(identity)).filter(([key, value]) => standing[key] !== value);
  if (tags.length === 0) return [];
  const adopting = standing[ownerTag] !== ownerOf(identity);
  const change: Change = {
    verb: adopting ? "adopt" : "update",
    kind: adopting ? kind : `tags of the ${kind}`,
    name,
    from: tags.map(([key]) => (standing[key] === undefined ? `no ${key}` : `${key}=${standing[key]}`)).join("\n"),
    to: tags.map(([key, value]) => `${key}=${value}`).join("\n"),
    reason: adopting ? "adopt is true" : "tags says so",
  };
  return [{ change, act: { do: kind === "role" ? "tag-role" : "tag-policy", tags: Object.fromEntries(tags) } }];
}

function attachmentSteps(identity: Identity, wanted: Wanted, { role, quotas }: ObservedIdentity): readonly Step[] {
  if (role?.attached.includes(wanted.policyArn)) return [];
  if (role && role.attached.length >= quotas.attachedPerRole) throw tooManyAttached(role.name, quotas.attachedPerRole);
  const change: Change = {
    verb: "create",
    kind: "attachment",
    name: identity.roleName,
    to: wanted.policyArn,
    reason: role ? "the policy is not attached to the role" : "the role is new",
  };
  return [{ change, act: { do: "attach" } }];
}

function difference(standing: object, next: PolicyDocument): Pick<Change, "from" | "to"> {
  const gone = linesBeyond(standing, atomsOf(next));
  const come = linesBeyond(next, atomsOf(standing as Readonly<Record<string, unknown>>));
  return { from: gone.join("\n") || "nothing of that", to: come.join("\n") || "nothing of that" };
}

function oldestFirst(ids: readonly string[]): readonly string[] {
  return [...ids].sort((one, other) => Number(one.slice(1)) - Number(other.slice(1)));
}

function endStateOf(identity: Identity, wanted: Wanted, { cluster }: ObservedIdentity): Json {
  return {
    mode: identity.mode,
    owner: ownerOf(identity),
    role: wanted.roleArn,
    trust: stable(wanted.trust),
    policy: wanted.policyArn,
    permissions: stable(wanted.policy),
    boundary: identity.boundary ?? null,
    tags: { ...identity.tags },
    ...(identity.mode === "irsa"
      ? { provider: providerArnOf(identity.place, cluster.issuer) }
      : { association: `${identity.namespace}/${identity.serviceAccount}` }),
  };
}
