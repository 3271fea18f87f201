import { resolve4, resolve6 } from "node:dns/promises";
import type { Context, Finding } from "../action/context.ts";
import { time } from "../action/describe.ts";

/** The addresses that a name has; empty for a name that is not there, or cannot be asked for from here. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** The machine's own name servers. */
export const systemResolve: Resolve = async (name) => {
  const answers = await Promise.all([resolve4(name).catch(() => []), resolve6(name).catch(() => [])]);
  return answers.flat();
};

const lookEvery = 5_000;
const lookWithin = 5 * 60_000;

/**
 * Waits until every host resolves to its load balancer, for at most five minutes. What does not is a warning, not a failure: the records are right, but a
 * resolver may hold an old answer, and names of a private zone are seen from inside its VPC only.
 */
export async function waitUntilResolved(
  addresses: Readonly<Record<string, string>>,
  resolve: Resolve,
  ctx: Context,
): Promise<readonly Finding[]> {
  const waiting = new Map(Object.entries(addresses));
  const deadline = ctx.clock.now() + lookWithin;
  for (;;) {
    let blind = false;
    for (const [host, balancer] of waiting) {
      const [found, wanted] = await Promise.all([resolve(host), resolve(balancer)]);
      if (wanted.length === 0) blind = true;
      else if (found.some((address) => wanted.includes(address))) {
        ctx.log.info(`${host} resolves to its load balancer`);
        waiting.delete(host);
      }
    }
    if (waiting.size === 0) return [];
    const waited = ctx.clock.now() >= deadline ? `after ${time(lookWithin)}` : undefined;
    // A runner that cannot even resolve AWS's own name sees none that leads to it.
    if (blind || waited) return [unseen([...waiting.keys()], blind ? "from here" : `from here ${waited}`)];
    await ctx.clock.sleep(lookEvery, ctx.signal);
  }
}

function unseen(hosts: readonly string[], where: string): Finding {
  return {
    code: "DEPLOY_DNS_UNSEEN",
    level: "warning",
    happened: `Route 53 serves the records, but ${hosts.join(", ")} ${hosts.length === 1 ? "does" : "do"} not resolve to the load balancer ${where}.`,
    next: `Ask where the models are called from: dig ${hosts[0]}. A private zone is seen from its VPC only, and a resolver may keep an old answer until its time is over.`,
  };
}
