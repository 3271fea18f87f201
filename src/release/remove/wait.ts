import type { Context } from "../../action/context.ts";

const lookEvery = 5_000;
/**
 * Long enough for all that a removal waits for: a model server has its grace period to end in, Kubernetes a minute or two to empty a namespace, and
 * the load balancer controller as long to take one away.
 */
const within = 15 * 60_000;

/** When a wait that begins now has lasted too long, ms since the epoch. */
export function deadlineFor(ctx: Context): number {
  return ctx.clock.now() + within;
}

/** Something that goes by itself once it was told to. */
export interface Going<T> {
  /** What is left of it; `undefined`: nothing, or nothing to wait for. */
  look(): Promise<T | undefined>;
  /** Said once, when there is something to wait for. */
  waiting(left: T): string;
  /** Throws, or tells in another way, what holds it after a quarter of an hour. */
  stuck(left: T): void;
}

/** Looks every few seconds until it is gone, or stuck. Several waits one after the other share a deadline. */
export async function untilGone<T>(going: Going<T>, ctx: Context, deadline = deadlineFor(ctx)): Promise<void> {
  for (let told = false; ; told = true) {
    const left = await going.look();
    if (left === undefined) return;
    if (!told) ctx.log.info(going.waiting(left));
    if (ctx.clock.now() >= deadline) return going.stuck(left);
    await ctx.clock.sleep(lookEvery, ctx.signal);
  }
}
