import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { performance } from "node:perf_hooks";
import type { TLSSocket } from "node:tls";
import type { Secret } from "../action/secret.ts";

/** No answer of a probe is read further than this. */
export const bodyLimit = 1_048_576;

/** Where a host is asked: at the address that DNS gives, or at one that is given (before DNS exists). */
export interface Place {
  readonly host: string;
  /** Address or name to connect to, with an optional port; absent: DNS of `host`. */
  readonly address: string | undefined;
  /** Roots beyond the system's, PEM. */
  readonly roots: readonly string[];
}

export interface ProbeRequest {
  readonly method: "GET" | "POST" | "HEAD";
  readonly path: string;
  readonly key?: Secret;
  readonly body?: unknown;
  /** Ends the request when nothing comes for so long (ms): a server that was told to stop keeps its streams open and silent. */
  readonly silence: number;
  readonly plain?: boolean;
  readonly signal: AbortSignal;
  /** Gets the body as it comes; else it is collected. */
  readonly onChunk?: (chunk: Buffer) => void;
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
  /** Days until the certificate ends; absent without TLS. */
  readonly certificateDays?: number;
}

/**
 * One request to a model's host, with the right name in TLS and Host whatever address it goes to. The certificate is always checked;
 * redirects are never followed, so a key never goes to another host.
 */
export function ask(place: Place, request: ProbeRequest): Promise<ProbeAnswer> {
  const { address, port } = split(place, request.plain ? 80 : 443);
  const payload = request.body === undefined ? undefined : JSON.stringify(request.body);
  const options = {
    host: address,
    port,
    method: request.method,
    path: request.path,
    agent: false as const,
    signal: request.signal,
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
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request.plain
      ? httpRequest(options)
      : httpsRequest({
          ...options,
          servername: place.host,
          ca: place.roots.length > 0 ? [...place.roots] : undefined,
          rejectUnauthorized: true,
        });
    outgoing.setTimeout(request.silence, () => outgoing.destroy(new SilentServer(request.silence)));
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      const head = performance.now() - started;
      const chunks: Buffer[] = [];
      let size = 0;
      const done = (cut: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8"),
          cut,
          head,
          total: performance.now() - started,
          certificateDays: daysLeft(outgoing.socket as TLSSocket | null),
        });
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > bodyLimit) {
          outgoing.destroy();
          return done(true);
        }
        if (request.onChunk) request.onChunk(chunk);
        else chunks.push(chunk);
      });
      response.once("end", () => done(false));
      response.once("error", reject);
    });
    outgoing.end(payload);
  });
}

/** A server that sent nothing for too long. */
export class SilentServer extends Error {
  override readonly name = "SilentServer";
  constructor(milliseconds: number) {
    super(`nothing came for ${Math.round(milliseconds / 1_000)} s`);
  }
}

function split(place: Place, fallback: number): { address: string; port: number } {
  const match = /^(.*?)(?::(\d+))?$/.exec(place.address ?? place.host);
  return { address: match?.[1] || place.host, port: match?.[2] && fallback === 443 ? Number(match[2]) : fallback };
}

function daysLeft(socket: TLSSocket | null): number | undefined {
  const ends = socket?.getPeerCertificate?.()?.valid_to;
  return ends ? Math.floor((Date.parse(ends) - Date.now()) / 86_400_000) : undefined;
}
