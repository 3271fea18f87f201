import type { Context } from "../../action/context.ts";
import type { Secret } from "../../action/secret.ts";
import type { Agents } from "../../agent.ts";
import { retry } from "../../retry.ts";
import { type Body, canRepeat } from "../../transfer/body.ts";
import { Refused } from "../../transfer/failure.ts";
import type { Incoming } from "../../transfer/incoming.ts";
import { isThrottling } from "../../transfer/retries.ts";
import { type Answer, receive } from "../../transfer/send.ts";
import type { Login } from "../ecr/login.ts";
import { advise, explain, isStale } from "./refusal.ts";

/** What one request to a registry says. */
export interface WireRequest {
  readonly what: string;
  readonly repository: string;
  readonly method: string;
  /** Absolute, or a path of the registry. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly onChunk?: (chunk: Uint8Array) => Promise<void> | undefined;
  /** Statuses that the caller can use; any other is thrown as `Refused`. */
  readonly accept: readonly number[];
  /** Bytes of the answer's body that are read (1 MiB). */
  readonly limit?: number;
}

/** Requests to one registry: signed in, never to another host with our credentials, redirects only where told. */
export interface Wire {
  readonly ctx: Context;
  readonly endpoint: URL;
  /** One attempt; a 401 is answered with a fresh token, once. */
  once(request: WireRequest): Promise<Answer>;
  /** With retries: for requests that may be repeated as they are. */
  call(request: WireRequest): Promise<Answer>;
  /** One attempt; the caller reads the body. */
  open(request: WireRequest): Promise<Incoming>;
  /** The same registry within one turn of a queue: its signal, and whom to tell that the registry asks for less. */
  within(signal: AbortSignal, slower: () => void): Wire;
  /** Runs `attempt` under the registry's retry rules; what is thrown in the end is explained. */
  persist<T>(what: string, repository: string, attempt: (number: number) => Promise<T>): Promise<T>;
}

export function createWire(login: Login, agents: Agents, ctx: Context, onThrottled: () => void = () => {}): Wire {
  const { endpoint } = login;

  const isOwn = (request: WireRequest) => new URL(request.url, endpoint).origin === endpoint.origin;

  async function attempt(request: WireRequest, header: Secret | undefined): Promise<Incoming> {
    return receive({
      what: request.what,
      method: request.method,
      url: /^https?:/i.test(request.url) ? request.url : new URL(request.url, endpoint).href,
      headers: { ...request.headers, ...(header ? { authorization: header.reveal() } : {}) },
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.onChunk ? { onChunk: request.onChunk } : {}),
      agents,
      signal: ctx.signal,
    });
  }

  async function open(request: WireRequest): Promise<Incoming> {
    const header = isOwn(request) ? await login.authorization() : undefined;
    const answer = await attempt(request, header);
    if (request.accept.includes(answer.status)) return answer;
    const refused = await refusalOf(request, answer);
    if (!header || !isStale(refused)) throw refused;
    const fresh = await login.authorization(header);
    if (!canRepeat(request.body) || request.onChunk) throw refused;
    const again = await attempt(request, fresh);
    if (request.accept.includes(again.status)) return again;
    throw await refusalOf(request, again);
  }

  async function refusalOf({ what }: WireRequest, answer: Incoming): Promise<Refused> {
    const { status, headers } = answer;
    return new Refused(what, { status, headers, body: await answer.bytes() }, ctx.clock.now());
  }

  async function once(request: WireRequest): Promise<Answer> {
    const answer = await open(request);
    return { status: answer.status, headers: answer.headers, body: await answer.bytes(request.limit) };
  }

  async function persist<T>(what: string, repository: string, run: (number: number) => Promise<T>): Promise<T> {
    let renewed = false;
    try {
      return await retry(run, {
        clock: ctx.clock,
        signal: ctx.signal,
        advise(thrown) {
          if (!(thrown instanceof Refused) || !isStale(thrown)) return advise(thrown);
          if (renewed) return { retry: false };
          renewed = true;
          return { retry: true };
        },
        onRetry(attempts, delay, thrown) {
          if (isThrottling(thrown)) onThrottled();
          const reason = thrown instanceof Error ? thrown.message.split("\n")[0]! : String(thrown);
          ctx.emit({ kind: "retry", what, attempt: attempts, delay, reason });
        },
      });
    } catch (thrown) {
      throw explain(thrown, repository);
    }
  }

  return {
    ctx,
    endpoint,
    open,
    once,
    persist,
    within: (signal, slower) => createWire(login, agents, { ...ctx, signal }, slower),
    call: (request) => persist(request.what, request.repository, () => once(request)),
  };
}
