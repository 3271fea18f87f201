import type { Answer, Call, Listening } from "../http.ts";
import { listen } from "../http.ts";
import type { Ground } from "../service.ts";
import { serve } from "../service.ts";

/** Answers a request that the balancer passes on. */
export type Target = (call: Call) => Promise<Answer | undefined>;

/** Where a request for a host goes. */
export type Routed = Target | "no target" | "unknown host";

interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface BalancerOptions {
  readonly ground: Ground;
  /** Shown for every server name that `certificateFor` does not know, as a listener's default certificate is. */
  readonly certificate: Certificate;
  /** The certificate for a server name. */
  readonly certificateFor?: (name: string) => Certificate | undefined;
  readonly route: (host: string, path: string) => Routed;
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

/** Starts an HTTPS listener as an Application Load Balancer has it: TLS by server name, then by Host to a ready target. No HTTP, no redirects. */
export function startBalancer({
  ground,
  certificate,
  certificateFor,
  route,
  port,
}: BalancerOptions): Promise<Listening> {
  const tls = { ...certificate, ...(certificateFor ? { byName: certificateFor } : {}) };
  const handle = (call: Call) => {
    const host = (call.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    const operation = { service: "model", name: `${call.method} ${call.path}`, write: false, iam: [], resource: host };
    return serve(ground, call, operation, async () => {
      const target = route(host, call.path);
      if (target === "unknown host") return page(404, "404 Not Found");
      if (target === "no target") return page(503, "503 Service Temporarily Unavailable");
      return target(call);
    });
  };
  return listen(handle, (error) => ground.onDefect(error), tls, port);
}

/** A page of the balancer's own. */
function page(status: number, title: string): Answer {
  const body = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
  return { status, headers: { server: "awselb/2.0", "content-type": "text/html" }, body };
}
