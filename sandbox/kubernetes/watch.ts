import { Readable } from "node:stream";
import type { Call } from "../http.ts";
import type { Kind } from "./kinds.ts";
import { apiVersionOf } from "./kinds.ts";
import type { KubeObject } from "./objects.ts";
import type { Predicate } from "./selectors.ts";
import { ApiError, expired } from "./status.ts";
import type { Store, StoreEvent } from "./store.ts";

export interface Watch {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly matches: Predicate;
  /** How an object goes out: itself, or a Table of one row. */
  readonly present: (object: KubeObject) => unknown;
}

/** Between bookmarks; the real server sends about one a minute. */
const bookmarkMilliseconds = 60_000;

/**
 * The event stream of a watch: from `resourceVersion` on, or the present state first (none, `0`, or `sendInitialEvents`). A version that history no longer
 * reaches gives an ERROR event of 410, as the real server does after its 200.
 */
export function watchStream(
  store: Store,
  { kind, namespace, matches, present }: Watch,
  { query, response }: Call,
): Readable {
  const stream = new Readable({ read() {} });
  const send = (type: string, object: unknown) => stream.push(`${JSON.stringify({ type, object })}\n`);
  const from = query.get("resourceVersion") ?? "";
  const initial = query.get("sendInitialEvents") === "true";
  const bookmarks = query.get("allowWatchBookmarks") === "true";
  const bookmark = (annotations?: Record<string, string>) =>
    send("BOOKMARK", {
      kind: kind.kind,
      apiVersion: apiVersionOf(kind),
      metadata: {
        resourceVersion: String(store.revision),
        creationTimestamp: null,
        ...(annotations ? { annotations } : {}),
      },
    });
  const relay = (event: StoreEvent) => {
    if (event.kind !== kind) return;
    if (namespace !== undefined && event.object.metadata.namespace !== namespace) return;
    const before = event.previous !== undefined && matches(event.previous);
    const after = event.type !== "DELETED" && matches(event.object);
    if (!before && !after) return;
    const type = after ? (before ? "MODIFIED" : "ADDED") : "DELETED";
    // An object that leaves the selection goes out with its last selected content, under the new version.
    const object =
      type === "DELETED" && event.previous
        ? { ...event.previous, metadata: { ...event.previous.metadata, resourceVersion: String(event.revision) } }
        : event.object;
    send(type, present(object));
  };

  if (from !== "" && !/^\d+$/.test(from))
    throw new ApiError(
      400,
      "BadRequest",
      `Invalid value: "${from}": strconv.ParseUint: parsing "${from}": invalid syntax`,
    );
  if (from === "" || from === "0" || initial) {
    for (const object of store.list(kind.resource, namespace)) if (matches(object)) send("ADDED", present(object));
    if (initial && bookmarks) bookmark({ "k8s.io/initial-events-end": "true" });
  } else if (Number(from) < store.compactedTo) {
    send("ERROR", expired(`too old resource version: ${from} (${store.compactedTo})`).status());
    stream.push(null);
    return stream;
  } else for (const event of store.since(kind.resource, Number(from))) relay(event);

  const unsubscribe = store.subscribe(relay);
  const marker = bookmarks ? setInterval(bookmark, bookmarkMilliseconds) : undefined;
  const seconds = Number(query.get("timeoutSeconds") ?? 0);
  const end = setTimeout(() => stream.push(null), (seconds > 0 ? seconds : 1800) * 1000);
  response.once("close", () => {
    unsubscribe();
    clearInterval(marker);
    clearTimeout(end);
  });
  return stream;
}
