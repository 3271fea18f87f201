import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Agents, createAgents } from "../../../src/agent.ts";
import type { ByteStream, Source } from "../../../src/bytes/source.ts";
import { testAmbient } from "../../support/context.ts";

export type OnRequest = (request: IncomingMessage, response: ServerResponse) => void;

/** An HTTP server on loopback whose answers a test writes, and agents to reach it. */
export interface Loopback {
  readonly url: string;
  readonly agents: Agents;
  /** Connections that were made. */
  readonly connections: number;
  close(): Promise<void>;
}

export async function startLoopback(
  onRequest: OnRequest,
  tls?: { key: string; cert: string; authority?: string },
): Promise<Loopback> {
  const server = tls ? createTlsServer(tls, onRequest) : createServer(onRequest);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const agents = createAgents({ ...testAmbient(), extraRoots: tls?.authority ? [tls.authority] : [] }, 64);
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    agents,
    get connections() {
      return connections;
    },
    async close() {
      agents.destroy();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Bytes in memory as a source; `reads` counts. */
export function memorySource(bytes: Uint8Array, label = "memory"): Source & { reads: number } {
  return {
    reads: 0,
    size: bytes.length,
    identity: `memory:${bytes.length}`,
    label,
    async read(offset, into) {
      this.reads += 1;
      const piece = bytes.subarray(offset, offset + into.length);
      into.set(piece);
      return piece.length;
    },
    async close() {},
  };
}

/** The bytes in chunks of the given sizes (the last size repeats), all through one reused buffer, as real streams do it. */
export function memoryStream(bytes: Uint8Array, sizes: readonly number[] = [65_536], label = "memory"): ByteStream {
  return {
    label,
    identity: `memory:${bytes.length}`,
    async *chunks() {
      const buffer = Buffer.alloc(Math.max(...sizes));
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const piece = bytes.subarray(at, at + sizes[Math.min(turn, sizes.length - 1)]!);
        buffer.fill(0xee);
        buffer.set(piece);
        yield buffer.subarray(0, piece.length);
        at += piece.length;
      }
    },
    async close() {},
  };
}
