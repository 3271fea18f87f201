import { SilentServer } from "./request.ts";

/** Why a request gave no answer, in the user's terms. */
export interface Cause {
  readonly code: string;
  readonly seen: string;
  readonly remedy: string;
  /** Waiting can help: DNS, a refused or reset connection. A certificate does not heal by itself. */
  readonly wait: boolean;
}

const tls: Readonly<Record<string, string>> = {
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
  if (tls[code] || code.startsWith("ERR_TLS") || code.startsWith("ERR_SSL")) return tlsCause(code, error, host);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return {
      code: "SMOKE_DNS",
      seen: `${host} does not resolve`,
      remedy: `Create or update a DNS record for ${host}, pointing it at the load balancer's address (output addresses of helm-deploy).`,
      wait: true,
    };
  }
  if (thrown instanceof SilentServer || code === "ETIMEDOUT") {
    return {
      code: "SMOKE_SILENT",
      seen: `no answer: ${error.message}`,
      remedy:
        "Check that the load balancer's security groups and scheme let this runner in (an internal one answers only inside the VPC), and the pod's log.",
      wait: true,
    };
  }
  return {
    code: "SMOKE_CONNECT",
    seen: `cannot connect: ${code || error?.message || String(thrown)}`,
    remedy:
      "Check that the load balancer is active and has an HTTPS listener; an internal one answers only inside the VPC.",
    wait: true,
  };
}

function tlsCause(code: string, error: Error, host: string): Cause {
  return {
    code: "SMOKE_TLS",
    seen: tls[code] ?? `TLS fails: ${error.message}`,
    remedy:
      code === "ERR_TLS_CERT_ALTNAME_INVALID"
        ? `Issue or import a certificate in ACM that covers ${host}, and set it as ingress.certificateArn.`
        : "Look at the certificate in ACM (status, end, chain); with a private authority give its root as ca-certificate.",
    wait: false,
  };
}

/** What a 5xx of the load balancer means, in the guide's words; nothing for other answers. */
export function balancerCause(status: number): Cause | undefined {
  const seen: Readonly<Record<number, string>> = {
    502: "502: the target answered nothing usable",
    503: "503: the load balancer has no healthy target",
    504: "504: the target did not answer in time",
  };
  const text = seen[status];
  if (!text) return undefined;
  return {
    code: "SMOKE_BALANCER",
    seen: text,
    remedy:
      "Confirm that the target group is healthy: its health check asks /health on the model's port, and a model that is still downloading its checkpoint stays unhealthy until it is ready. kubectl get pods, then the log of the model's pod.",
    wait: true,
  };
}
