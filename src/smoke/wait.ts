import type { Context } from "../action/context.ts";
import { balancerCause, type Cause, causeOf } from "./failure.ts";
import { ask, type Place, type ProbeAnswer, type ProbeRequest } from "./request.ts";

/** An answer, or why there is none. */
export type Asked =
  | { readonly answer: ProbeAnswer; readonly cause?: undefined }
  | { readonly cause: Cause; readonly answer?: undefined };

/** Asks until something else than DNS, connection or balancer trouble comes, or `until` (ms since the epoch) is over. TLS trouble ends it at once. */
export async function askPatiently(
  place: Place,
  request: ProbeRequest,
  until: number,
  ready: (answer: ProbeAnswer) => boolean,
  ctx: Context,
): Promise<Asked> {
  for (let attempt = 1; ; attempt += 1) {
    const asked = await once(place, request, ctx);
    if (asked.answer && ready(asked.answer)) return asked;
    if (asked.cause && !asked.cause.wait) return asked;
    const delay = Math.min(10_000, 500 * 2 ** Math.min(attempt, 5)) * (0.75 + ctx.clock.random() / 2);
    if (ctx.clock.now() + delay > until) return asked;
    ctx.emit({
      kind: "phase",
      subject: place.host,
      phase: "waiting",
      detail: asked.cause?.seen ?? `${request.path} answers ${asked.answer?.status}`,
    });
    await ctx.clock.sleep(delay, ctx.signal);
  }
}

/** One request; a 502, 503 or 504 counts as no answer, because it is the balancer's. */
export async function once(place: Place, request: ProbeRequest, ctx: Context): Promise<Asked> {
  try {
    const answer = await ask(place, request);
    const cause = request.path === "/health" ? undefined : balancerCause(answer.status);
    return cause ? { cause } : { answer };
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return { cause: causeOf(thrown, place.host) };
  }
}
