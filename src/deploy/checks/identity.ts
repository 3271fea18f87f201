import { isSeen, type Seen } from "../../facts/looking.ts";
import { type Check, failed, notLookedAt, passed } from "./check.ts";

/** How the pods of a service account come to credentials for their checkpoints. */
export interface IdentityFacts {
  readonly account: string;
  readonly namespace: string;
  /** The chart makes it, or it is there; `undefined`: it may not be read. */
  readonly exists: boolean | undefined;
  /** Role of the annotation `eks.amazonaws.com/role-arn`. */
  readonly role: string | undefined;
  readonly association: Seen<boolean>;
  /** Every pod reads a Secret with a static key. */
  readonly staticKey: boolean;
}

/** The guide's three ways: a role by annotation, a Pod Identity association, a Secret with static keys. */
export function identityChecks(accounts: readonly IdentityFacts[]): readonly Check[] {
  return accounts.map((facts) => {
    const name = `Identity of service account ${facts.account}`;
    if (facts.exists === false)
      return failed(
        name,
        "DEPLOY_SERVICE_ACCOUNT",
        `the chart does not make it, and it is not in ${facts.namespace}`,
        `Set serviceAccount.create: true in the values, or make it: kubectl create serviceaccount ${facts.account} -n ${facts.namespace}`,
      );
    if (facts.role) return passed(name, `role ${facts.role}`);
    if (facts.staticKey) return passed(name, "static key in a Secret");
    if (!isSeen(facts.association)) return notLookedAt(name, facts.association.notSeen);
    if (facts.association) return passed(name, "Pod Identity association");
    if (facts.exists === undefined) return notLookedAt(name, "service accounts may not be read");
    return failed(
      name,
      "DEPLOY_NO_CREDENTIALS",
      "no role annotation, no Pod Identity association, no Secret with keys: pods cannot read their checkpoints",
      "Run ensure-irsa and render-values; or annotate the service account with eks.amazonaws.com/role-arn, or set s3.secretName.",
    );
  });
}
