import { Agent as HttpAgent, type IncomingMessage, request as plainRequest } from "node:http";
import { Agent as HttpsAgent, request as tlsRequest } from "node:https";
import type { Context } from "../action/context.ts";
import { Cancelled } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

/** One request to the API server. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  /** A POST that only asks: it is sent again when its connection broke, as a GET is. */
  readonly asks?: boolean;
}

export interface WireAnswer {
  readonly status: number;
  readonly retryAfter: number | undefined;
  readonly body: string;
}

/** Milliseconds without a byte after which a plain request counts as lost. */
const silence = 30_000;
/** No answer that we ask for is near this size; release Secrets of a long history are the largest. */
const largest = 64 * 1024 * 1024;

/** Sends requests over kept connections, through the environment's proxy. */
export class Wire {
  private readonly endpoint: Endpoint;
  private readonly agent: HttpAgent;

  constructor(endpoint: Endpoint, ctx: Context) {
    this.endpoint = endpoint;
    const { https, http, none } = ctx.ambient.proxy;
    const proxyEnv = https || http ? { HTTPS_PROXY: https, HTTP_PROXY: http, NO_PROXY: none } : undefined;
    const options = { keepAlive: true, maxSockets: 64, ...(proxyEnv ? { proxyEnv } : {}) };
    const { tls, server } = endpoint;
    this.agent =
      server.protocol === "https:"
        ? new HttpsAgent({
            ...options,
            rejectUnauthorized: tls.verify,
            ...(tls.authority ? { ca: tls.authority } : {}),
            ...(tls.certificate ? { cert: tls.certificate } : {}),
            ...(tls.key ? { key: tls.key } : {}),
            ...(tls.serverName ? { servername: tls.serverName } : {}),
          })
        : new HttpAgent(options);
  }

  /** Opens a request and gives its answer as soon as the headers are there; the caller reads or destroys the body. */
  async open(request: WireRequest, renew: boolean, signal: AbortSignal, quiet = silence): Promise<IncomingMessage> {
    if (signal.aborted) throw new Cancelled();
    const authorization = await this.endpoint.authorization(renew);
    const { server } = this.endpoint;
    const send = server.protocol === "https:" ? tlsRequest : plainRequest;
    const base = server.pathname.replace(/\/$/, "");
    return new Promise((resolve, reject) => {
      const outgoing = send(
        {
          agent: this.agent,
          protocol: server.protocol,
          hostname: server.hostname.replace(/^\[(.*)\]$/, "$1"),
          port: server.port,
          path: `${base}${request.target}`,
          method: request.method,
          signal,
          timeout: quiet,
          headers: {
            accept: request.accept ?? "application/json",
            "user-agent": "eks-deploy",
            ...(authorization ? { authorization } : {}),
            ...(request.body === undefined
              ? {}
              : {
                  "content-type": request.contentType ?? "application/json",
                  "content-length": Buffer.byteLength(request.body),
                }),
          },
        },
        resolve,
      );
      outgoing.on("timeout", () => outgoing.destroy(new Silence(quiet)));
      outgoing.on("error", (thrown) => reject(signal.aborted ? new Cancelled() : thrown));
      outgoing.end(request.body);
    });
  }

  /** A request with a body that fits into memory. */
  async ask(request: WireRequest, renew: boolean, signal: AbortSignal): Promise<WireAnswer> {
    const answer = await this.open(request, renew, signal);
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > largest) throw new Error(`the answer is larger than ${largest} bytes`);
        chunks.push(chunk);
      }
    } catch (thrown) {
      answer.destroy();
      throw signal.aborted ? new Cancelled() : thrown;
    }
    const after = Number(answer.headers["retry-after"]);
    return {
      status: answer.statusCode ?? 0,
      retryAfter: Number.isFinite(after) ? after * 1_000 : undefined,
      body: Buffer.concat(chunks).toString("utf8"),
    };
  }

  close(): void {
    this.agent.destroy();
  }
}

/** No byte came for too long. */
export class Silence extends Error {
  override readonly name = "Silence";
  readonly code = "ETIMEDOUT";

  constructor(milliseconds: number) {
    super(`no answer for ${milliseconds / 1_000} s`);
  }
}

/** The lines of a streamed body, without their ends; a line longer than `limit` characters is cut. */
export async function* lines(body: AsyncIterable<Buffer>, limit = 8 * 1024 * 1024): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = (parts.pop() ?? "").slice(0, limit);
    for (const part of parts) yield part.replace(/\r$/, "");
  }
  rest += decoder.decode();
  if (rest !== "") yield rest;
}
