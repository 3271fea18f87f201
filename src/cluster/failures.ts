import { asEksDeployError, EksDeployError, RemoteError, UserError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";

/** A refusal of the API server, with its own words. */
export class ApiFailure extends RemoteError {
  /** HTTP status. */
  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Forbidden`, `Expired`, ... */
  readonly reason: string;
  /** The server's own sentence. */
  readonly said: string;

  constructor(code: string, status: number, reason: string, said: string, text: { happened: string; next: string }) {
    super(code, text);
    this.status = status;
    this.reason = reason;
    this.said = said;
  }
}

interface Status {
  readonly reason?: string;
  readonly message?: string;
}

/** The answer of a request that was refused, as an error. `doing` completes "while": "creating the Secret vllm-auth". */
export function refusal(status: number, body: string, doing: string, endpoint: Endpoint): ApiFailure {
  const { reason = "", message = body.slice(0, 500).trim() } = parsed(body);
  const { code, next } = meaning(status, endpoint);
  const said = message || `HTTP ${status}`;
  return new ApiFailure(code, status, reason, said, {
    happened: `The ${endpoint.label} refused while ${doing}: ${said}`,
    next,
  });
}

function parsed(body: string): Status {
  try {
    const value = JSON.parse(body) as Status | null;
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function meaning(status: number, endpoint: Endpoint): { readonly code: string; readonly next: string } {
  const whom = endpoint.caller ?? "the caller";
  if (status === 401)
    return {
      code: "CLUSTER_UNAUTHORIZED",
      next: `The cluster does not know ${whom}. Make an access entry for its role: aws eks create-access-entry --cluster-name ${endpoint.name} --principal-arn <role>`,
    };
  if (status === 403)
    return {
      code: "CLUSTER_FORBIDDEN",
      next: `Give ${whom} the right that the message names; docs/permissions.md has the ClusterRole to bind to its access entry.`,
    };
  if (status === 404) return { code: "CLUSTER_NO_SUCH_OBJECT", next: "Check names and namespace." };
  if (status === 409)
    return { code: "CLUSTER_CONFLICT", next: "Someone else changes the same object; run again when they are done." };
  if (status === 400 || status === 422) return { code: "CLUSTER_INVALID", next: "Read the server's words above." };
  return {
    code: "CLUSTER_FAILED",
    next: "Run again; if it stays so, look at the cluster's health in the EKS console.",
  };
}

const tlsCodes =
  /^(ERR_TLS_.*|CERT_.*|UNABLE_TO_.*|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|ERR_SSL_.*|EPROTO)$/;

/** A connection that failed, as an error that says what to do. What is already one of ours passes. */
export function unreachable(thrown: unknown, doing: string, endpoint: Endpoint): EksDeployError {
  if (thrown instanceof EksDeployError) return thrown;
  const { code = "", message = "" } = (thrown ?? {}) as { code?: string; message?: string };
  if ((thrown as Error | undefined)?.name === "AbortError") return asEksDeployError(thrown);
  if (tlsCodes.test(code)) {
    return new UserError("CLUSTER_TLS", {
      happened: `TLS with ${endpoint.server.host} (${endpoint.label}) fails while ${doing}: ${message} (${code}).`,
      next: "If a proxy opens TLS, let NO_PROXY hold the endpoint, or give its root as NODE_EXTRA_CA_CERTS; with a kubeconfig check certificate-authority-data.",
      cause: thrown,
    });
  }
  return new RemoteError("CLUSTER_UNREACHABLE", {
    happened: `${endpoint.server.host} (${endpoint.label}) cannot be reached while ${doing}: ${message || code}.${endpoint.reach ? ` ${endpoint.reach}` : ""}`,
    next: endpoint.reach
      ? "Run the job where the endpoint can be reached (cluster-runner: a self-hosted runner in the VPC), or let the runner's address in."
      : "Check the runner's network: DNS, firewall, HTTPS_PROXY and NO_PROXY.",
    cause: thrown,
  });
}
