import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** A company's proxy on loopback: it connects whoever asks with `CONNECT`, and nothing else. */
export interface CompanyProxy {
  readonly url: string;
  /** Places that it was asked for so far, as `host:port`. */
  readonly asked: readonly string[];
  close(): void;
}

export async function startProxy(): Promise<CompanyProxy> {
  const asked: string[] = [];
  const server = createServer().on("connect", ({ url = "" }, socket) => {
    asked.push(url);
    const [host, port] = url.split(":");
    const upstream = connect(Number(port), host, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    socket.pipe(upstream).pipe(socket);
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
