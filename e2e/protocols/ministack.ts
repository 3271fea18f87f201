import { answers, freePorts, startServer } from "../processes.ts";
import { ministack } from "../software.ts";

/** ministack's server for AWS's services, EKS Pod Identity among them; it checks no signature. */
export interface MinistackServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function startMinistack(): Promise<MinistackServer> {
  const program = await ministack.get();
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer("ministack", [program, "-m", "ministack"], {
    env: { BIND_HOST: "127.0.0.1", GATEWAY_PORT: String(port) },
    ready: () => answers(`${url}/_ministack/health`),
    patience: 60_000,
  });
  return { url, close: () => server.stop() };
}
