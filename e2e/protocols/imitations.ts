import { answers, freePorts, startServer } from "../processes.ts";
import { ministack, moto, type Software } from "../software.ts";

/** AWS's services as others imitate them; it checks no signature. */
export interface Imitation {
  readonly url: string;
  close(): Promise<void>;
}

/** moto's server for all of AWS's services. */
export function startMoto(): Promise<Imitation> {
  return start(moto, "/moto-api/", (port) => ({ args: ["-m", "moto.server", "-H", "127.0.0.1", "-p", port] }));
}

/** ministack's server, which has EKS Pod Identity. */
export function startMinistack(): Promise<Imitation> {
  return start(ministack, "/_ministack/health", (port) => ({
    args: ["-m", "ministack"],
    env: { BIND_HOST: "127.0.0.1", GATEWAY_PORT: port },
  }));
}

interface Way {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `health`: path that answers once it serves. */
async function start({ name, get }: Software, health: string, way: (port: string) => Way): Promise<Imitation> {
  const [port] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const { args, env = {} } = way(String(port));
  const ready = () => answers(`${url}${health}`);
  const server = await startServer(name, [await get(), ...args], { env, ready, patience: 60_000 });
  return { url, close: () => server.stop() };
}
