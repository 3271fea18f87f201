import { type Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { isIPv6 } from "node:net";
import { performance } from "node:perf_hooks";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { Secret } from "../action/secret.ts";

/** No answer of a probe is read further than this. */
export const bodyLimit = 1_048_576;

/** How long a request may take (ms). */
export interface Patience {
  /** Without a byte: a server that was told to stop keeps its streams open and silent. */
  readonly silence: number;
  /** In all: pings can keep a stream alive for ever. */
  readonly total: number;
}

/** Where and how a host is asked. */
export interface Place {
  readonly host: string;
  /** Address or name to connect to, with an optional port; absent: DNS of `host`. */
  readonly address: string | undefined;
  /** Trusts what the test trusts; made once, because reading all roots takes longer than a request. */
  readonly trust: SecureContext;
  readonly patience: Patience;
  /** Until when (ms since the epoch) trouble with DNS, connections and the balancer is waited out. */
  readonly until: number;
  /** Goes through the environment's proxy; absent: a connection of its own for each request. */
  readonly agent?: HttpsAgent;
}

export interface ProbeRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly key?: Secret | undefined;
  readonly body?: unknown;
  /** Gets the body of a 200 as it comes, with the milliseconds since the request; else the body is collected. */
  readonly onChunk?: (chunk: Buffer, at: number) => void;
}

export interface ProbeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Beyond `bodyLimit` the rest was not read. */
  readonly cut: boolean;
  /** Milliseconds to the answer's head, and in all. */
  readonly head: number;
  readonly total: number;
  /** Days until the certificate ends. */
  readonly certificateDays: number;
}

/** A server that sent nothing for too long. */
export class SilentServer extends Error {
  override readonly name = "SilentServer";
  constructor(milliseconds: number) {
    super(`nothing came for ${seconds(milliseconds)}`);
  }
}

/** An answer that began and did not end well: cut, or longer than it may last. */
export class BrokenAnswer extends Error {
  override readonly name = "BrokenAnswer";
}

/**
 * One request to a model's host, with the right name in TLS and Host whatever address it goes to. The certificate is always checked;
 * redirects are never followed, so a key never goes to another host. Throws what the connection throws, `SilentServer` or `BrokenAnswer`.
 */
export function ask(place: Place, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
  const { address, port } = addressOf(place);
  const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
  const { silence, total } = place.patience;
  const started = performance.now();
  const options: RequestOptions & Pick<ConnectionOptions, "secureContext"> = {
    host: address,
    port,
    method: request.method,
    path: request.path,
    agent: place.agent ?? false,
    signal,
    servername: place.host,
    secureContext: place.trust,
    rejectUnauthorized: true,
    headers: {
      host: place.host,
      accept: "application/json, text/event-stream",
      "user-agent": "eks-deploy",
      ...(payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
      ...(request.key ? { authorization: `Bearer ${request.key.reveal()}` } : {}),
    },
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options);
    const overdue = setTimeout(() => outgoing.destroy(new BrokenAnswer(`no end after ${seconds(total)}`)), total);
    outgoing.setTimeout(silence, () => outgoing.destroy(new SilentServer(silence)));
    outgoing.once("close", () => clearTimeout(overdue));
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const head = performance.now() - started;
      const certificateDays = daysLeft(response.socket as TLSSocket);
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (cut: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: withoutKey(Buffer.concat(chunks).toString("utf8"), request.key),
          cut,
          head,
          total: performance.now() - started,
          certificateDays,
        });
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > bodyLimit) {
          done(true);
          outgoing.destroy();
        } else if (request.onChunk && response.statusCode === 200) request.onChunk(chunk, performance.now() - started);
        else chunks.push(chunk);
      });
      response.once("end", () => done(false));
      response.once("error", (error) => {
        const told = error instanceof SilentServer || error instanceof BrokenAnswer || signal.aborted;
        reject(told ? error : new BrokenAnswer("the connection broke in mid-answer", { cause: error }));
      });
    });
    outgoing.end(payload);
  });
}

/** A server may say the key back, in an error for example; what it says is quoted in reports and kept. */
export function withoutKey(text: string, key: Secret | undefined): string {
  return key ? text.replaceAll(key.reveal(), "***") : text;
}

/** Where a place is connected to: `host`, `host:port`, an IPv4 or IPv6 address, `[IPv6]:port`. */
export function addressOf({ address, host }: Pick<Place, "address" | "host">): {
  readonly address: string;
  readonly port: number;
} {
  const text = address ?? host;
  if (isIPv6(text)) return { address: text, port: 443 };
  const match = /^\[?(.+?)\]?(?::(\d+))?$/.exec(text);
  return { address: match?.[1] ?? host, port: Number(match?.[2] ?? 443) };
}

function daysLeft(socket: TLSSocket): number {
  return Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - Date.now()) / 86_400_000);
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
