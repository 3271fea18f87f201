import type { Context } from "../action/context.ts";
import { Cancelled } from "../errors.ts";
import { type Cluster, query, type Scope } from "./cluster.ts";
import { ApiFailure } from "./failures.ts";
import type { KubeObject } from "./objects.ts";
import { pathOf, type Resource } from "./resources.ts";
import { lines } from "./wire.ts";

/** What a watch holds: always a whole, current picture of its scope. */
export interface Watched<T extends KubeObject> {
  /** The objects as they are now; a new array after every change. */
  readonly items: () => readonly T[];
  /** Ends with the signal. It rejects only with what no restart can mend: a right that is missing, a kind that is not there. */
  readonly ended: Promise<void>;
}

interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T & { readonly code?: number };
}

/** The server ends a watch after this many seconds by our wish; a connection that is silent for longer than `silence` ms is dead. */
const serverSeconds = 290;
const silence = 320_000;
const pauses = { first: 500, longest: 15_000 } as const;

/**
 * Lists, then watches, for as long as `ctx.signal` lets it; `onChange` is called after every change.
 * A watch that ends or breaks goes on from where it was; one whose version is too old (410) lists again; tokens are renewed on 401.
 */
export async function watchResource<T extends KubeObject>(
  cluster: Cluster,
  resource: Resource<T>,
  scope: Scope,
  ctx: Context,
  onChange: () => void,
): Promise<Watched<T>> {
  const held = new Map<string, T>();
  const own = cluster.within(ctx);
  const relist = async (): Promise<string> => {
    const { items, version } = await own.listed(resource, scope);
    held.clear();
    for (const item of items) held.set(keyOf(item), item);
    onChange();
    return version;
  };
  const version = await relist();
  const ended = follow({ own, resource, scope, ctx, held, onChange, relist }, version);
  ended.catch(() => {});
  return { items: () => [...held.values()], ended };
}

interface Following<T extends KubeObject> {
  readonly own: Cluster;
  readonly resource: Resource<T>;
  readonly scope: Scope;
  readonly ctx: Context;
  readonly held: Map<string, T>;
  readonly onChange: () => void;
  readonly relist: () => Promise<string>;
}

async function follow<T extends KubeObject>(watching: Following<T>, start: string): Promise<void> {
  const { ctx } = watching;
  let version: string | undefined = start;
  let pause: number = pauses.first;
  while (!ctx.signal.aborted) {
    try {
      version ??= await watching.relist();
      const before: string = version;
      version = await once(watching, version);
      // A watch that ended without a single event is normal at its time limit, and a loop without a pause when the server is ill.
      if (version !== before) pause = pauses.first;
      else await ctx.clock.sleep(pause, ctx.signal);
    } catch (thrown) {
      if (ctx.signal.aborted || thrown instanceof Cancelled) return;
      if (thrown instanceof ApiFailure && (thrown.status === 403 || thrown.status === 404)) throw thrown;
      if (thrown instanceof ApiFailure && thrown.status === 410) version = undefined;
      ctx.log.debug(`watch of ${watching.resource.plural} broke (${(thrown as Error).message}); it goes on`);
      await ctx.clock.sleep(pause, ctx.signal).catch(() => {});
      pause = Math.min(pause * 2, pauses.longest);
    }
  }
}

/** One connection; gives the last version seen, or `undefined` when it must be listed anew. */
async function once<T extends KubeObject>(watching: Following<T>, start: string): Promise<string | undefined> {
  const { own, resource, scope, ctx, held, onChange } = watching;
  const parameters = { watch: true, resourceVersion: start, allowWatchBookmarks: true, timeoutSeconds: serverSeconds };
  const target = `${pathOf(resource, scope)}?${query(scope, parameters)}`;
  const answer = await own.stream(target, `watching ${resource.plural}`, ctx.signal, silence);
  let version = start;
  try {
    for await (const line of lines(answer as AsyncIterable<Buffer>)) {
      if (line === "") continue;
      const event = JSON.parse(line) as WatchEvent<T>;
      if (event.type === "ERROR") return event.object.code === 410 ? undefined : version;
      version = event.object.metadata.resourceVersion ?? version;
      if (event.type === "BOOKMARK") continue;
      if (event.type === "DELETED") held.delete(keyOf(event.object));
      else held.set(keyOf(event.object), { apiVersion: resource.apiVersion, kind: resource.kind, ...event.object });
      onChange();
    }
  } finally {
    answer.destroy();
  }
  return version;
}

function keyOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
