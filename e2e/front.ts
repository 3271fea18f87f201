import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";

/** What a front does beside passing everything on. */
export interface FrontRules {
  /** XML to answer with at once. */
  readonly own?: (request: IncomingMessage) => string | undefined;
  /** A change of the answer's text. */
  readonly change?: (request: IncomingMessage) => ((text: string) => string) | undefined;
  /** Requests whose body is kept for `taken`, which hears of it when the server has taken it. */
  readonly keeps?: (request: IncomingMessage) => boolean;
  readonly taken?: (request: IncomingMessage, body: Buffer) => void;
}

export interface Front {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens before a server of 127.0.0.1. Names and signatures stay right: the server sees the Host that the client asked for. */
export async function startFront(port: number, rules: FrontRules): Promise<Front> {
  const server = createServer((request, response) => {
    const own = rules.own?.(request);
    if (own !== undefined) {
      response.writeHead(200, { "content-type": "application/xml" }).end(own);
      return;
    }
    const { method, url = "/", headers } = request;
    const kept = rules.keeps?.(request) ? buffer(request) : undefined;
    const change = rules.change?.(request);
    const fail = () => void response.destroy();
    const onward = httpRequest({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
      const status = answer.statusCode ?? 502;
      if (kept && status < 300) kept.then((body) => rules.taken?.(request, body)).catch(fail);
      if (!change) {
        response.writeHead(status, answer.headers);
        answer.pipe(response);
        return;
      }
      buffer(answer).then((body) => {
        const changed = Buffer.from(change(body.toString()));
        response.writeHead(status, { ...answer.headers, "content-length": changed.length }).end(changed);
      }, fail);
    });
    onward.once("error", fail);
    request.once("error", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
