import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** One request as a service of the sandbox sees it. `path` is as sent (not decoded). */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Reads the whole body; fails beyond `limit` bytes (16 MiB). Repeated calls give the same buffer. */
  body(limit?: number): Promise<Buffer>;
}

/** What a service answers. `undefined` from a handler means that it wrote to `call.response` itself. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

export type Handler = (call: Call) => Promise<Answer | undefined>;

export interface TlsMaterial {
  readonly key: string;
  readonly cert: string;
  /** Chosen by server name, when several names share the port. */
  readonly byName?: (name: string) => { readonly key: string; readonly cert: string } | undefined;
}

export interface Listening {
  /** `http://127.0.0.1:<port>` or `https://...`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `handler` on a port of the loopback interface (0 = a free one). A handler that throws is a defect of the sandbox: 500 with its text, and the world hears of it. */
export async function listen(
  handler: Handler,
  onDefect: (error: unknown) => void,
  tls?: TlsMaterial,
  wantedPort = 0,
): Promise<Listening> {
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    answer(handler, request, response).catch((error: unknown) => {
      if (request.socket.destroyed) return;
      onDefect(error);
      if (!response.headersSent) response.writeHead(500, { "content-type": "text/plain" });
      response.end(`sandbox defect: ${error instanceof Error ? error.stack : String(error)}`);
    });
  };
  const server: Server = tls ? await tlsServer(tls, onRequest) : createHttp(onRequest);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(wantedPort, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function tlsServer(
  tls: TlsMaterial,
  onRequest: (q: IncomingMessage, s: ServerResponse) => void,
): Promise<Server> {
  const { createSecureContext } = await import("node:tls");
  return createHttps(
    {
      key: tls.key,
      cert: tls.cert,
      SNICallback: (name, done) => {
        const own = tls.byName?.(name);
        done(null, own ? createSecureContext(own) : undefined);
      },
    },
    onRequest,
  );
}

async function answer(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = callOf(request, response);
  const given = await handler(call);
  if (!given || response.writableEnded) return;
  response.writeHead(given.status, given.headers);
  if (given.body === undefined || call.method === "HEAD") response.end();
  else if (typeof given.body === "string" || Buffer.isBuffer(given.body)) response.end(given.body);
  else {
    // A watch or an event stream may be silent for long after its headers; clients wait for these.
    response.flushHeaders();
    await pipeline(given.body, response);
  }
}

function callOf(request: IncomingMessage, response: ServerResponse): Call {
  const target = request.url ?? "/";
  const mark = target.indexOf("?");
  let whole: Promise<Buffer> | undefined;
  return {
    method: request.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    headers: request.headers,
    request,
    response,
    body(limit = 16 * 1024 * 1024) {
      whole ??= readAll(request, limit);
      return whole;
    },
  };
}

async function readAll(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > limit) throw new Error(`request body exceeds ${limit} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, size);
}
