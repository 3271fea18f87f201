import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Agents } from "../agent.ts";
import { Cancelled, InternalError } from "../errors.ts";
import { type Body, bodyChunks, sizeOf } from "./body.ts";
import { ConnectionFailed, connectionFailure } from "./failure.ts";
import { type Incoming, incoming } from "./incoming.ts";
import { type Watch, watchSilence } from "./watch.ts";

/** One request. It is sent once: retries are the caller's, and redirects are never followed. */
export interface Outgoing {
  /** What is being done, for messages: "part 3 of laguna-m". Never the URL, which may be a secret. */
  readonly what: string;
  readonly method: string;
  /** Absolute; path and query go out exactly as they stand here, since they may be signed. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly agents: Pick<Agents, "http" | "https">;
  readonly signal: AbortSignal;
  /** No byte moved for so long (ms) although one is expected: the attempt ends as `TRANSFER_STALLED` (60 s). */
  readonly stall?: number;
  /** So long (ms) may the answer take once the whole body is sent (5 min): a registry hashes a blob then. */
  readonly patience?: number;
  /** Gets every chunk of the body while it is being sent (a running digest, progress). What it throws ends the attempt; the next chunk waits for its promise. */
  readonly onChunk?: (chunk: Uint8Array) => Promise<void> | undefined;
}

/** An answer with its whole (small) body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends one request and reads its answer, up to 1 MiB. Any status is an answer; thrown are `TRANSFER_BROKEN`, `_STALLED`, `_TLS`, and `Cancelled`. */
export async function send(outgoing: Outgoing): Promise<Answer> {
  const { status, headers, ...answer } = await receive(outgoing);
  return { status, headers, body: await answer.bytes() };
}

/** Sends one request and gives the head of its answer, whose body the caller then reads. Errors as those of `send`. */
export async function receive(outgoing: Outgoing): Promise<Incoming> {
  const { what, signal, stall = 60_000 } = outgoing;
  if (signal.aborted) throw new Cancelled();
  const request = open(outgoing);
  let ended: Error | undefined;
  const end = (reason: Error) => {
    ended ??= reason;
    request.destroy(reason);
  };
  const abort = () => end(new Cancelled());
  const watch = watchSilence(stall, (milliseconds) =>
    end(
      new ConnectionFailed(
        "TRANSFER_STALLED",
        what,
        "STALLED",
        `no byte moved for ${Math.round(milliseconds / 1_000)} s`,
      ),
    ),
  );
  signal.addEventListener("abort", abort, { once: true });
  const release = () => {
    watch.stop();
    signal.removeEventListener("abort", abort);
  };
  try {
    const answered = headOf(request, what);
    const sending = sendBody(request, outgoing, answered, watch);
    // A refusal counts at once; a success only when the whole body was sent.
    const success = sending.then(() => answered);
    const response = await Promise.race([answered.then((head) => (isRefusal(head) ? head : success)), success]);
    watch.disarm();
    return incoming(response, {
      what,
      watch,
      failed: (thrown) => ended ?? connectionFailure(thrown, what),
      finished() {
        release();
        // A server that refuses early leaves the rest of the body unsent: that connection cannot be used again.
        if (!request.writableFinished) request.destroy();
      },
      end() {
        release();
        request.destroy();
      },
    });
  } catch (thrown) {
    release();
    request.destroy();
    throw ended ?? thrown;
  }
}

function open(outgoing: Outgoing): ClientRequest {
  const { protocol, hostname, port } = new URL(outgoing.url);
  const secure = protocol === "https:";
  if (!secure && protocol !== "http:")
    throw new InternalError("INTERNAL", {
      happened: `${outgoing.what}: ${protocol} is not spoken.`,
      next: "Please report it.",
    });
  const target = /^[a-z]+:\/\/[^/?#]*([^#]*)/i.exec(outgoing.url)?.[1] ?? "";
  const size = sizeOf(outgoing.body);
  return (secure ? httpsRequest : httpRequest)({
    method: outgoing.method,
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port || (secure ? 443 : 80),
    path: target.startsWith("/") ? target : `/${target}`,
    agent: secure ? outgoing.agents.https : outgoing.agents.http,
    headers: {
      "user-agent": "eks-deploy",
      ...outgoing.headers,
      ...(announces(outgoing) ? { "content-length": String(size) } : {}),
    },
  });
}

function isRefusal({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 300;
}

/** Whether the request has a body, be it an empty one. */
function announces({ body, method }: Outgoing): boolean {
  return body !== undefined || /^(PUT|POST|PATCH)$/.test(method);
}

/** The answer's head; rejects with one of our errors. */
function headOf(request: ClientRequest, what: string): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    let waiting = true;
    // Every request closes: an error that nobody hears would cost more than the request.
    const fail = (thrown: () => unknown) => {
      if (waiting) reject(connectionFailure(thrown(), what));
      waiting = false;
    };
    request.once("response", (head) => {
      waiting = false;
      resolve(head);
    });
    // Stays: a connection may break more than once, and an error without a listener would end the process.
    request.on("error", (error) => fail(() => error));
    request.once("close", () => fail(() => new Error("closed before an answer came")));
  });
  answered.catch(() => {});
  return answered;
}

/**
 * Writes the body, one chunk at a time: the next is read only when the last one has left, so that a source's two buffers are enough. Stops as
 * soon as the server has answered with a refusal.
 */
async function sendBody(
  request: ClientRequest,
  outgoing: Outgoing,
  answered: Promise<IncomingMessage>,
  watch: Watch,
): Promise<void> {
  const { body, signal, onChunk } = outgoing;
  let refused = false;
  answered.then(
    (response) => {
      refused = isRefusal(response);
    },
    () => {},
  );
  if (body !== undefined) {
    let sent = 0;
    for await (const chunk of bodyChunks(body, signal)) {
      if (request.destroyed) await lost(answered, outgoing.what);
      if (refused) return;
      if (chunk.length === 0) continue;
      sent += chunk.length;
      if (sent > sizeOf(body)) throw wrongSize(outgoing, sent);
      watch.arm();
      const left = write(request, chunk);
      left.catch(() => {});
      const taken = onChunk?.(chunk);
      taken?.catch(() => {});
      await left.catch(() => lost(answered, outgoing.what));
      if (refused) return;
      watch.disarm();
      if (taken) await taken;
    }
    if (!refused && sent !== sizeOf(body)) throw wrongSize(outgoing, sent);
  }
  if (refused) return;
  watch.arm(announces(outgoing) ? (outgoing.patience ?? 300_000) : outgoing.stall);
  request.end();
}

/** The connection ended in mid-body: good only where a refusal came first. */
async function lost(answered: Promise<IncomingMessage>, what: string): Promise<void> {
  if (isRefusal(await answered)) return;
  throw new ConnectionFailed(
    "TRANSFER_BROKEN",
    what,
    "EARLY",
    "the server answered and left before it had the whole body",
  );
}

function write(request: ClientRequest, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    request.once("close", reject);
    request.write(chunk, (error) => {
      request.off("close", reject);
      if (error) reject(error);
      else resolve();
    });
  });
}

function wrongSize({ what, body }: Outgoing, sent: number): ConnectionFailed {
  return new ConnectionFailed(
    "TRANSFER_BROKEN",
    what,
    "SIZE",
    `its source gave ${sent} bytes where ${sizeOf(body)} were announced`,
  );
}
