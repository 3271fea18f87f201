import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { createSecureContext, getCACertificates } from "node:tls";
import type { Ambient } from "./action/context.ts";

/** Keep-alive agents that honour the environment's proxies and extra roots; neither the AWS SDK nor the Kubernetes client reads those by itself. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
  /** Closes all idle connections. */
  destroy(): void;
}

/** What of the environment decides how connections are made. */
export type Surroundings = Pick<Ambient, "proxy" | "extraRoots">;

/** `maxSockets`: connections at once to one host. */
export function createAgents(ambient: Surroundings, maxSockets: number): Agents {
  const { https: httpsProxy, http: httpProxy, none } = ambient.proxy;
  const proxyEnv =
    httpsProxy || httpProxy ? { HTTPS_PROXY: httpsProxy, HTTP_PROXY: httpProxy, NO_PROXY: none } : undefined;
  const common = { keepAlive: true, maxSockets, ...(proxyEnv ? { proxyEnv } : {}) };
  const http = new HttpAgent(common);
  const roots = trustedRoots(ambient);
  // Made once: with `ca` Node parses all roots anew for every connection, and compares their text for every request.
  const https = new HttpsAgent({ ...common, ...(roots ? { secureContext: createSecureContext({ ca: roots }) } : {}) });
  return {
    http,
    https,
    destroy() {
      http.destroy();
      https.destroy();
    },
  };
}

/**
 * The system's roots and those of the environment, PEM; `undefined` where Node's own set has them all. It took those of NODE_EXTRA_CA_CERTS in when
 * it started, and a set of our own costs time and memory.
 */
export function trustedRoots(ambient: Pick<Ambient, "extraRoots">): string[] | undefined {
  const files = ambient.extraRoots.map((file) => readFileSync(file, "utf8"));
  const known = new Set(getCACertificates("extra").map(withoutSpace));
  const extra = files.flatMap((text) => text.match(certificate) ?? [text]);
  return extra.every((root) => known.has(withoutSpace(root))) ? undefined : [...getCACertificates("default"), ...extra];
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function withoutSpace(text: string): string {
  return text.replaceAll(/\s+/g, "");
}
