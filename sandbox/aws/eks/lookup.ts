import type { RestCall } from "../rest.ts";
import { AwsError } from "../service.ts";
import type { Cluster, EksState } from "./state.ts";

/** The cluster that a route names. */
export function clusterOf(eks: EksState, call: RestCall): Cluster {
  const name = call.params["name"] ?? "";
  const found = eks.clusters.get(name);
  if (!found) throw notFound(`No cluster found for name: ${name}.`);
  return found;
}

export function notFound(message: string): AwsError {
  return new AwsError(404, "ResourceNotFoundException", message);
}

/** One page: `maxResults` (100), `nextToken`. */
export function paged(call: RestCall, name: string, all: readonly unknown[]): Readonly<Record<string, unknown>> {
  const limit = Number(call.query.get("maxResults") ?? 100);
  if (!(limit >= 1 && limit <= 100))
    throw new AwsError(400, "InvalidParameterException", "maxResults must be between 1 and 100");
  const start = Number(call.query.get("nextToken") ?? 0);
  const end = start + limit;
  return { [name]: all.slice(start, end), nextToken: end < all.length ? String(end) : null };
}
