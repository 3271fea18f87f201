import type { Caller } from "../aws/service.ts";
import type { Call } from "../http.ts";
import { RegistryError, refused } from "./errors.ts";
import type { Repository } from "./repository.ts";
import type { RegistryState } from "./state.ts";

/** Says no by the text of the refusal; undefined is yes. */
export type RegistryAuthorise = (caller: Caller, action: string, arn: string) => string | undefined;

/** A request whose caller is known. */
export interface RegistryRequest {
  readonly call: Call;
  readonly state: RegistryState;
  readonly caller: Caller;
  readonly authorise: RegistryAuthorise;
  /** Where a download of a blob is to be fetched. */
  downloadUrl(repository: string, digest: string): string;
}

/** Who sends a request, by its Basic credentials; a `RegistryError` otherwise. */
export function callerOf(call: Call, state: RegistryState): Caller {
  const given = /^Basic (\S+)$/i.exec(call.headers.authorization ?? "")?.[1];
  const text = given === undefined ? "" : Buffer.from(given, "base64").toString("utf8");
  const token = text.startsWith("AWS:") ? state.token(text.slice(4)) : undefined;
  if (!token)
    throw new RegistryError(401, "UNAUTHORIZED", "Not Authorized", {
      "www-authenticate": `Basic realm="http://${state.host}/",service="ecr.amazonaws.com"`,
    });
  // ECR answers 403 here, not 401 with a challenge (issues deis/builder#426, aws-toolkit-azure-devops#129).
  if (token.expiresAt <= state.now())
    throw new RegistryError(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.");
  return token.caller;
}

/** Refuses what the caller's policies do not allow on the repository. */
export function requireRights(
  { caller, state, authorise }: RegistryRequest,
  actions: readonly string[],
  name: string,
): void {
  for (const action of actions) {
    const no = authorise(caller, action, state.arn(name));
    if (no !== undefined) throw new RegistryError(403, "DENIED", no);
  }
}

export function existing({ state }: RegistryRequest, name: string): Repository {
  const found = state.repositories.get(name);
  if (!found) throw refused.unknownRepository(name, state.account);
  return found;
}
