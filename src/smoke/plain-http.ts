import { request } from "node:http";
import { performance } from "node:perf_hooks";
import type { Check } from "./check.ts";

/** A closed port that a firewall guards says nothing at all. */
const silence = 3_000;

const name = "HTTP";

/**
 * What a model's host says on its HTTP port. The guide's annotations make no HTTP listener, so that the port is closed and nothing is redirected;
 * closed and redirected are both fine, an answer without TLS is not. No key is sent.
 */
export function plainHttpCheck(host: string, address: string, port: number, signal: AbortSignal): Promise<Check> {
  const started = performance.now();
  const told = (result: Check["result"], seen: string, remedy = ""): Check => ({
    name,
    result,
    seen,
    remedy,
    ...(result === "pass" ? {} : { code: "SMOKE_PLAIN_HTTP" }),
    milliseconds: performance.now() - started,
  });
  return new Promise((resolve, reject) => {
    const options = { host: address, port, path: "/v1/models", headers: { host }, agent: false as const, signal };
    const outgoing = request(options, (response) => {
      const status = response.statusCode ?? 0;
      const target = URL.parse(String(response.headers.location ?? ""));
      response.destroy();
      if (status >= 300 && status < 400 && target?.protocol === "https:")
        resolve(told("pass", `redirects to ${target.origin}`));
      else
        resolve(
          told(
            "warning",
            `port ${port} answers ${status} without TLS`,
            'Take the HTTP listener out of alb.ingress.kubernetes.io/listen-ports, or let it redirect: listen-ports [{"HTTP":80},{"HTTPS":443}] with ssl-redirect "443".',
          ),
        );
    });
    outgoing.setTimeout(silence, () => outgoing.destroy(new Error("silent")));
    outgoing.once("error", (error) => {
      if (signal.aborted) reject(error);
      else resolve(told("pass", `port ${port} is closed`));
    });
    outgoing.end();
  });
}
