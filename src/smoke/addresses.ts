import { lookup as systemLookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { performance } from "node:perf_hooks";
import type { Context } from "../action/context.ts";
import { notLooked } from "./backend.ts";
import type { Check } from "./check.ts";
import { addressOf, type Place } from "./request.ts";

/** All addresses of a name, as the system resolves it. */
export type Lookup = (name: string) => Promise<readonly { readonly address: string }[]>;

/** A load balancer's node takes a connection at once, or not at all. */
const patience = 3_000;

/**
 * DNS and TCP of a host that answers: every address of its name is connected to, because a client takes any of them, and a probe that takes the first does not see the dead
 * node of a load balancer.
 */
export async function addressChecks(
  place: Place,
  ctx: Context,
  lookup: Lookup = (name) => systemLookup(name, { all: true }),
): Promise<readonly Check[]> {
  const { address: name, port } = addressOf(place);
  if (place.agent) return [notLooked("DNS", "a proxy stands between"), notLooked("TCP", "a proxy stands between")];
  const started = performance.now();
  const found = isIP(name) ? [name] : (await lookup(name).catch(() => [])).map(({ address }) => address);
  const resolved = performance.now() - started;
  const addresses = [...new Set(found)];
  // It answered a moment ago: what does not resolve now is seen by the next test.
  if (addresses.length === 0) return [notLooked("DNS", `${name} does not resolve any more`)];
  const dns: Check = {
    name: "DNS",
    result: "pass",
    seen: `${name} is ${addresses.join(", ")}`,
    remedy: "",
    milliseconds: resolved,
  };
  return [...(isIP(name) ? [] : [dns]), await tcpCheck(addresses, port, ctx.signal)];
}

async function tcpCheck(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Check> {
  const started = performance.now();
  const tried = await Promise.all(
    addresses.map(async (address) => ({ address, problem: await connecting(address, port, signal) })),
  );
  const milliseconds = performance.now() - started;
  // Where no address of a family answers, it is this machine that may have no way to it.
  const families = new Set(tried.filter(({ problem }) => !problem).map(({ address }) => isIP(address)));
  const reached = tried.filter(({ address }) => families.has(isIP(address)));
  const dead = reached.filter(({ problem }) => problem !== undefined);
  const seen = `port ${port} takes connections at ${reached.length - dead.length} of ${reached.length} addresses`;
  if (dead.length === 0) return { name: "TCP", result: "pass", seen, remedy: "", milliseconds };
  return {
    name: "TCP",
    result: "degraded",
    seen: `${seen}; not ${dead.map(({ address, problem }) => `${address} (${problem})`).join(", ")}`,
    remedy:
      "Callers that get such an address fail: compare the DNS record with the load balancer's addresses, and look at its zones, subnets and security groups.",
    code: "SMOKE_ADDRESS",
    milliseconds,
  };
}

/** Why there is no connection; nothing where there is one. */
function connecting(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.setTimeout(patience, () => socket.destroy(new Error("silent")));
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(error);
      else resolve(error.code ?? error.message);
    });
  });
}
