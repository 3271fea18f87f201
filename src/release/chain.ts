import type { AnyAction, Verdict } from "../action/action.ts";
import type { Context } from "../action/context.ts";
import { camel, type Located } from "../action/contract.ts";
import { time } from "../action/describe.ts";
import { type InputSources, loadInputs } from "../action/load.ts";
import { type Change, isUnknown, type Plan, unknown } from "../action/plan.ts";
import type { Json } from "../canonical.ts";
import { asEksDeployError, type EksDeployError } from "../errors.ts";
import { wishDigest } from "./wish.ts";

/** An action's place in the chain. */
export interface Link {
  readonly action: AnyAction;
  /** Names of the actions whose outputs it takes; it is planned after them, beside all others. */
  readonly after: readonly string[];
  /** Names of the actions that it is carried out after, where that is not `after`: what follows from the plan alone need not wait for the bytes. */
  readonly carriedOutAfter?: readonly string[];
  /** Inputs that the chain sets, whatever the user wrote. */
  readonly set?: Readonly<Record<string, string>>;
}

type AnyPlan = Plan<unknown, Record<string, unknown>>;

/** A link that is under way. */
export interface Joined {
  readonly link: Link;
  readonly name: string;
  readonly sources: InputSources;
  inputs?: unknown;
  clients?: unknown;
  observed?: unknown;
  plan: AnyPlan;
  /** Its planned end state as long as a source before it was not read. */
  unreadState?: Json;
  applied?: unknown;
  /** Its apply was begun. */
  wrote: boolean;
  /** Spent in its own apply and verify. */
  seconds: number;
  verdict?: Verdict<Record<string, unknown>>;
  failure?: EksDeployError;
}

/**
 * Observes and plans all links, each with what the ones before it will put out. Nothing is written. Links that do not wait for each other go side by side. The first failure is
 * thrown; with `all` each link keeps its own, and those that wait for a failed one are not looked at.
 */
export async function joinChain(
  links: readonly Link[],
  sources: InputSources,
  ctx: Context,
  onJoin: (joined: Joined) => void,
  failures: "first" | "all" = "first",
): Promise<readonly Joined[]> {
  const chain = new Map<string, Promise<Joined>>();
  for (const link of links) {
    const before = link.after.map((name) => chain.get(name)).filter((promise) => promise !== undefined);
    const joining = Promise.all(before).then(async (earlier) => {
      const joined: Joined = {
        link,
        name: link.action.contract.name,
        sources: chained(link, sources, earlier),
        plan: { changes: [], endState: {}, outputs: {}, work: undefined },
        wrote: false,
        seconds: 0,
      };
      onJoin(joined);
      if (failures === "first") await planLink(joined, earlier, ctx);
      else await tryLink(joined, earlier, ctx);
      return joined;
    });
    chain.set(link.action.contract.name, joining);
  }
  return settleAll([...chain.values()]);
}

/** Waits for all, then throws the first failure: nothing is still under way when an error is told. */
async function settleAll<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/** Keeps what the link failed of; a cancellation is the whole run's. */
async function tryLink(joined: Joined, earlier: readonly Joined[], ctx: Context): Promise<void> {
  if (earlier.some((before) => before.failure || before.inputs === undefined)) return;
  try {
    await planLink(joined, earlier, ctx);
  } catch (thrown) {
    const failure = asEksDeployError(thrown);
    if (failure.code === "CANCELLED" || ctx.signal.aborted) throw failure;
    joined.failure = failure;
  }
}

async function planLink(joined: Joined, earlier: readonly Joined[], ctx: Context): Promise<void> {
  const own = prefixed(ctx, joined.name);
  const waiting = unknownUpstream(joined.link, earlier);
  if (waiting) {
    joined.plan = deferred(joined, waiting);
    return;
  }
  const { inputs } = loadInputs(joined.link.action.contract, joined.sources);
  joined.inputs = inputs;
  joined.clients ??= await joined.link.action.connect(inputs, own, joined.sources);
  const upcoming = earlier.flatMap((before) => (before.verdict ? [] : before.plan.changes));
  joined.observed = await joined.link.action.observe(inputs, joined.clients, { ...own, upcoming });
  joined.plan = joined.link.action.plan(inputs, joined.observed) as AnyPlan;
  const source = passedOnce(joined.link, earlier);
  if (source) joined.unreadState = unreadState(joined, source);
}

/** The first value that this link takes and that an earlier one cannot tell before it has read its source. */
function unknownUpstream(
  link: Link,
  earlier: readonly Joined[],
): { readonly unknown: string; readonly identity: string } | undefined {
  for (const input of Object.values(link.action.contract.inputs) as { report?: string }[]) {
    const [name, output] = input.report?.split(".") ?? [];
    const source = earlier.find((joined) => joined.name === name);
    const value = source?.plan.outputs[camel(output ?? "")];
    if (source && !source.verdict && isUnknown(value)) return value;
  }
  return undefined;
}

/** The identity of a compressed bundle that this link takes something of: known now, because the bundle was read earlier. */
function passedOnce(link: Link, earlier: readonly Joined[]): string | undefined {
  const bundle = earlier.find(({ name }) => name === "push-images");
  const takes = Object.values(link.action.contract.inputs as Readonly<Record<string, { report?: string }>>).some(
    ({ report }) => report !== undefined && ofBundle.has(report),
  );
  return (takes && (bundle?.plan.outputs["bundleIdentity"] as string)) || undefined;
}

/** What only the bundle itself tells. */
const ofBundle = new Set(["push-images.images", "push-images.chart", "push-images.chart-sha256"]);

/** What is planned of a link before its source was read: whatever that source yields, by what the user wants of it. */
function unreadState({ link, sources }: Joined, identity: string): Json {
  return { after: identity, wish: wishDigest(link.action.contract, sources) };
}

function deferred(joined: Joined, why: { readonly unknown: string; readonly identity: string }): AnyPlan {
  const change: Change = {
    verb: "update",
    kind: "step",
    name: joined.name,
    to: unknown(why.unknown, why.identity),
    reason: "planned as soon as its input is known",
  };
  return { changes: [change], endState: unreadState(joined, why.identity), outputs: {}, work: undefined };
}

/** What a link sees of the links before it: planned outputs, then the true ones. */
function chained(link: Link, sources: InputSources, earlier: readonly Joined[]): InputSources {
  return {
    ...sources,
    given: [],
    input: (name) => link.set?.[name] ?? sources.input(name),
    report(reference): Located | undefined {
      const [name, output = ""] = reference.split(".");
      const before = earlier.find((joined) => joined.name === name);
      const value = before?.verdict?.outputs[camel(output)] ?? before?.plan.outputs[camel(output)];
      if (value === undefined || isUnknown(value)) return sources.report(reference);
      return { value, origin: `output ${output} of ${name}` };
    },
  };
}

/** Lines of links that run side by side tell whose they are. */
function prefixed(ctx: Context, name: string): Context {
  return {
    ...ctx,
    log: {
      ...ctx.log,
      info: (line) => ctx.log.info(`${name}: ${line}`),
      debug: (line) => ctx.log.debug(`${name}: ${line}`),
      group: (_, body) => body(),
    },
    remember: (key, value) => ctx.remember(`${name}.${key}`, value),
  };
}

/** Applies and verifies what has changes, link by link in the chain's order; what waits for a link that changed something is planned anew, on the true outputs. */
export async function carryOutChain(chain: readonly Joined[], ctx: Context): Promise<void> {
  const done = new Map<string, Promise<Joined>>();
  const links = chain.map((joined) => {
    const { after, carriedOutAfter = after } = joined.link;
    const before = carriedOutAfter.map((name) => done.get(name)).filter((promise) => promise !== undefined);
    const running = Promise.all(before).then(async (earlier) => {
      await carryOut(joined, earlier, ctx);
      return joined;
    });
    done.set(joined.name, running);
    return running;
  });
  await settleAll(links);
}

async function carryOut(joined: Joined, earlier: readonly Joined[], ctx: Context): Promise<void> {
  const own = prefixed(ctx, joined.name);
  const { action } = joined.link;
  const started = ctx.clock.now();
  const phase = (name: string) => ctx.emit({ kind: "phase", subject: joined.name, phase: name });
  try {
    if (joined.inputs === undefined) await planLink(joined, earlier, ctx);
    else if (earlier.some((before) => before.wrote)) await planLink(joined, earlier, again(ctx));
    if (joined.plan.changes.length > 0) {
      joined.wrote = true;
      phase("applying");
      joined.applied = await action.apply(joined.plan, joined.clients, own);
    }
    phase("verifying");
    joined.verdict = await action.verify(joined.plan, joined.applied, joined.clients, own);
    if (joined.verdict.failure) throw joined.verdict.failure;
  } catch (thrown) {
    joined.failure = asEksDeployError(thrown);
    throw thrown;
  } finally {
    const spent = ctx.clock.now() - started;
    joined.seconds = spent / 1_000;
    const ended = joined.failure ? "failed" : "done";
    ctx.emit({ kind: "phase", subject: joined.name, phase: ended, detail: time(spent), last: true });
  }
}

/** What a link says when it is planned anew was said the first time; findings are told once anyway. */
function again(ctx: Context): Context {
  return { ...ctx, log: { ...ctx.log, info: (line) => ctx.log.debug(line) } };
}

/** All outputs of the chain by name, the true ones before the planned; common outputs are the chain's own. */
export function outputsOf(chain: readonly Joined[]): Record<string, unknown> {
  const own = new Set(["headline", "changed", "changes", "planSha256", "plan", "report"]);
  const all: Record<string, unknown> = {};
  for (const joined of chain) {
    for (const [name, value] of Object.entries({ ...joined.plan.outputs, ...joined.verdict?.outputs }))
      if (!own.has(name)) all[name] = value;
  }
  return all;
}

/** Lets go of what the links hold, the last one first. */
export async function closeChain(chain: readonly Joined[], ctx: Context): Promise<void> {
  for (const joined of chain.toReversed()) {
    if (joined.clients !== undefined) await joined.link.action.close?.(joined.clients, prefixed(ctx, joined.name));
  }
}
