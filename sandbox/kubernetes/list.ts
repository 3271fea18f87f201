import type { Kind } from "./kinds.ts";
import type { JsonMap, KubeObject } from "./objects.ts";
import type { Predicate } from "./selectors.ts";
import { badRequest, expired } from "./status.ts";
import type { Store } from "./store.ts";

/** One page of a list: `limit` and `continue` as the real server has them; a token older than history is a 410. */
export function listObjects(
  store: Store,
  kind: Kind,
  namespace: string | undefined,
  matches: Predicate,
  query: URLSearchParams,
): { items: KubeObject[]; metadata: JsonMap } {
  const limit = Number(query.get("limit") ?? 0);
  const token = query.get("continue");
  const from = token ? readToken(token) : { revision: store.revision, after: "" };
  if (from.revision < store.compactedTo) {
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
    );
  }
  const rest = store.list(kind.resource, namespace).filter((object) => matches(object) && keyOf(object) > from.after);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const more = items.length < rest.length && last !== undefined;
  return {
    items,
    metadata: {
      resourceVersion: String(from.revision),
      ...(more
        ? { continue: writeToken(from.revision, keyOf(last)), remainingItemCount: rest.length - items.length }
        : {}),
    },
  };
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

function writeToken(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: revision, start: after })).toString("base64url");
}

function readToken(token: string): { revision: number; after: string } {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString()) as { rv: number; start: string };
    return { revision: rv, after: start };
  } catch {
    throw badRequest("continue key is not valid: invalid token");
  }
}
