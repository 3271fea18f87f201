import { retryAfter } from "../transfer/failure.ts";
import { BrokenAnswer, type ProbeAnswer, SilentServer } from "./request.ts";

/** Why a request gave no answer, in the user's terms. */
export interface Cause {
  readonly code: string;
  readonly seen: string;
  readonly remedy: string;
  /** When waiting can help: DNS, connections and the balancer always, a limit of requests where it says until when, silence while a server starts. A certificate does not heal by itself. */
  readonly wait: "always" | "starting" | "never";
  /** The server asked not to be asked again before (ms from now). */
  readonly after?: number;
}

const tlsTexts: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the certificate has expired",
  CERT_NOT_YET_VALID: "the certificate is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate does not cover this host name",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate's chain is incomplete",
  UNABLE_TO_GET_ISSUER_CERT: "the certificate's chain is incomplete",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate's issuer is not trusted here",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate's root is not trusted here",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
};

/** Explains what was thrown instead of an answer from `host`. */
export function causeOf(thrown: unknown, host: string): Cause {
  const error = thrown as NodeJS.ErrnoException;
  const code = error?.code ?? "";
  if (tlsTexts[code] || /^(ERR_TLS|ERR_SSL|CERT_|HOSTNAME_)/.test(code)) return tlsCause(code, error, host);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return {
      code: "SMOKE_DNS",
      seen: `${host} does not resolve`,
      remedy: `Create or update a DNS record for ${host}, pointing it at the load balancer's address (output addresses of helm-deploy).`,
      wait: "always",
    };
  }
  if (thrown instanceof BrokenAnswer) {
    return {
      code: "SMOKE_CUT",
      seen: error.message,
      remedy:
        "Look at the model's log at that time; a proxy, the balancer's idle timeout (60 s) or a pod that ended may cut answers.",
      wait: "never",
    };
  }
  if (thrown instanceof SilentServer || code === "ETIMEDOUT") {
    return {
      code: "SMOKE_SILENT",
      seen: `no answer: ${error.message}`,
      remedy:
        "Check that the load balancer's security groups and scheme let this runner in (an internal one answers only inside the VPC), and the pod's log.",
      wait: "starting",
    };
  }
  return {
    code: "SMOKE_CONNECT",
    seen: `cannot connect: ${code || error?.message || String(thrown)}`,
    remedy:
      "Check that the load balancer is active and has an HTTPS listener; an internal one answers only inside the VPC.",
    wait: "always",
  };
}

function tlsCause(code: string, error: Error, host: string): Cause {
  return {
    code: "SMOKE_TLS",
    seen: tlsTexts[code] ?? `TLS fails: ${error.message}`,
    remedy:
      code === "ERR_TLS_CERT_ALTNAME_INVALID"
        ? `Issue or import a certificate in ACM that covers ${host}, and set it as ingress.certificateArn.`
        : "Look at the certificate in ACM (status, end, chain); with a private authority give its root as ca-certificate.",
    wait: "never",
  };
}

const unhealthyTarget =
  "Confirm that the target group is healthy: its health check asks /health on the model's port, and a model that is still downloading its checkpoint stays unhealthy until it is ready. kubectl get pods, then the log of the model's pod.";

const balancerTexts: Readonly<Record<number, string>> = {
  502: "502: the target answered nothing usable",
  503: "503: the load balancer has no healthy target",
  504: "504: the target did not answer in time",
};

/**
 * What an answer means that is none of the model's own: of the load balancer in the guide's words, or of whoever limits requests. Nothing for answers of the model server,
 * whose /health may say 503. `now`: ms since the epoch.
 */
export function wayCause(
  { status, headers }: Pick<ProbeAnswer, "status" | "headers">,
  path: string,
  host: string,
  now: number,
): Cause | undefined {
  const after = retryAfter(headers["retry-after"]?.toString(), now);
  const asked = after === undefined ? {} : { after };
  if (status === 429) {
    return {
      code: "SMOKE_LIMITED",
      seen: "429: too many requests",
      remedy:
        "Something in front of the model counts requests (a WAF rate rule, a gateway): let this runner's address or key through, or raise the limit.",
      wait: after === undefined ? "never" : "always",
      ...asked,
    };
  }
  const own = String(headers["server"] ?? "").startsWith("awselb");
  if (status === 404 && own) {
    return {
      code: "SMOKE_BALANCER",
      seen: `404: the load balancer has no rule for ${host}`,
      remedy:
        "Look at the Ingress of this host: kubectl describe ingress shows in its events why the load balancer controller did not take it.",
      wait: "always",
    };
  }
  const seen = balancerTexts[status];
  if (!seen || (path === "/health" && !own)) return undefined;
  return { code: "SMOKE_BALANCER", seen, remedy: unhealthyTarget, wait: "always", ...asked };
}
