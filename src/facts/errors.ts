import type { Catalogue } from "../errors.ts";

/** Codes of observations that several rooms need. */
export const factsErrors: Catalogue = {
  API_KEY_REFERENCE: {
    means: "`api-key-from` is no reference to a secret.",
    remedy: "Write secretsmanager:<arn>#<key> or ssm:<name>.",
  },
  API_KEY_EMPTY: {
    means: "The place that `api-key-from` names holds no key.",
    remedy: "Put the key there as text (a field of the secret's JSON where one is named), or give api-key.",
  },
};
