import type { Context } from "../action/context.ts";
import { type Cause, causeOf, wayCause } from "./failure.ts";
import { ask, type Place, type ProbeAnswer, type ProbeRequest } from "./request.ts";

/** An answer, or why there is none. */
export type Asked =
  | { readonly answer: ProbeAnswer; readonly cause?: undefined }
  | { readonly cause: Cause; readonly answer?: undefined };

/**
 * Asks until an answer comes that is `ready`, or the place's time is over. DNS, connections, the balancer's 5xx and a 429 that says until when are waited out; TLS trouble and a
 * broken answer end it at once. A server that takes the request and stays silent is waited for only while it starts, that is with `ready`.
 */
export async function askPatiently(
  place: Place,
  request: ProbeRequest,
  ctx: Context,
  ready?: (answer: ProbeAnswer) => boolean,
): Promise<Asked> {
  for (let attempt = 1; ; attempt += 1) {
    const asked = await once(place, request, ctx);
    if (asked.answer && (!ready || ready(asked.answer))) return asked;
    if (asked.cause && !(asked.cause.wait === "always" || (asked.cause.wait === "starting" && ready))) return asked;
    const usual = Math.min(10_000, 500 * 2 ** Math.min(attempt, 5)) * (0.75 + ctx.clock.random() / 2);
    const delay = Math.max(usual, asked.cause?.after ?? 0);
    if (ctx.clock.now() + delay > place.until) return asked;
    ctx.emit({
      kind: "phase",
      subject: place.host,
      phase: "waiting",
      detail: asked.cause?.seen ?? `${request.path} answers ${asked.answer?.status}`,
    });
    await ctx.clock.sleep(delay, ctx.signal);
  }
}

/** One request; what only something before the model can have said counts as no answer. */
export async function once(place: Place, request: ProbeRequest, ctx: Context): Promise<Asked> {
  try {
    const answer = await ask(place, request, ctx.signal);
    const cause = wayCause(answer, request.path, place.host, ctx.clock.now());
    return cause ? { cause } : { answer };
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return { cause: causeOf(thrown, place.host) };
  }
}
