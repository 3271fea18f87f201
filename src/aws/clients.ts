import type { Aws } from "./session.ts";

/** Gives the client of a session, made at the first call and kept as long as the session. */
export type ClientCache<C> = (aws: Aws, make: () => Promise<C>) => Promise<C>;

export function clientCache<C>(): ClientCache<C> {
  const made = new WeakMap<Aws, Promise<C>>();
  return (aws, make) => {
    const client = made.get(aws) ?? make();
    made.set(aws, client);
    return client;
  };
}
