import type { InputSources } from "../../action/load.ts";
import type { Aws } from "../../aws/session.ts";
import type { Identity } from "../../irsa/identity.ts";
import { observeRemains, planRemoval, type RemovalPlan } from "../../irsa/remove.ts";
import { type IdentityInputs, wayOf } from "../../irsa/wish.ts";
import type { Six } from "../command.ts";
import { inputsOf } from "../inputs.ts";

/** The identity of the model servers: ours to delete, or somebody else's. */
export type OldIdentity =
  | { readonly kind: "own"; readonly identity: Identity; readonly removal: RemovalPlan }
  | { readonly kind: "none"; readonly kept: readonly string[] };

/** Reads what the spec says of the identity, and what is there of it. */
export async function oldIdentity(
  six: Six,
  sources: InputSources,
  aws: Aws,
  signal: AbortSignal,
): Promise<OldIdentity> {
  const inputs = inputsOf(six.ensureIrsa.contract, sources) as unknown as IdentityInputs;
  const way = wayOf(inputs, aws);
  if (way.kind === "foreign")
    return { kind: "none", kept: [`the role ${way.foreign.roleArn ?? "of the service account"}: others own it`] };
  if (way.kind === "static") return { kind: "none", kept: [] };
  const { identity } = way;
  const remains = await observeRemains(identity, { aws, signal });
  return { kind: "own", identity, removal: planRemoval(identity, remains) };
}
