import { answers, freePorts, startServer } from "../processes.ts";
import { moto } from "../software.ts";

/** moto's server for all of AWS's services; it checks no signature. */
export interface MotoServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startMoto(): Promise<MotoServer> {
  const program = await moto.get();
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer("moto", [program, "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    ready: () => answers(`${url}/moto-api/`),
    patience: 60_000,
  });
  return { url, close: () => server.stop() };
}
