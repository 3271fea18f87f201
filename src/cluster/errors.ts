import type { Catalogue } from "../errors.ts";

/** Codes of reaching and asking a cluster's API server. */
export const clusterErrors: Catalogue = {
  CLUSTER_NOT_GIVEN: {
    means: "The action needs a cluster, and none was given.",
    remedy: "Give `cluster` (the name of the EKS cluster), or `kubeconfig` and `context`.",
  },
  CLUSTER_NOT_ACTIVE: {
    means: "The EKS cluster is being made, updated or deleted and has no endpoint.",
    remedy: "Wait until it is active: aws eks wait cluster-active --name <cluster>.",
  },
  CLUSTER_KUBECONFIG: {
    means: "The kubeconfig is missing, cannot be read, or has no such context or credentials.",
    remedy: "Correct `kubeconfig` or `context`; `kubectl config get-contexts` lists them.",
  },
  CLUSTER_UNREACHABLE: {
    means: "The API server does not answer: a private endpoint, an address list, a firewall, a proxy or DNS.",
    remedy:
      "Run the job where the endpoint can be reached (`cluster-runner` in the VPC), or let the runner's address in.",
  },
  CLUSTER_TLS: {
    means: "TLS with the API server fails; it is never skipped.",
    remedy: "Let NO_PROXY hold the endpoint, or give the proxy's root as NODE_EXTRA_CA_CERTS.",
  },
  CLUSTER_UNAUTHORIZED: {
    means: "The cluster does not know the caller (401).",
    remedy:
      "Make an access entry for the role: aws eks create-access-entry --cluster-name <cluster> --principal-arn <role>.",
  },
  CLUSTER_FORBIDDEN: {
    means: "The cluster knows the caller, who may not do what the step needs (403).",
    remedy: "Bind the ClusterRole of docs/permissions.md to the role's access entry.",
  },
  CLUSTER_NO_SUCH_OBJECT: {
    means: "The API server has no such object or kind (404).",
    remedy: "Check names and namespace.",
  },
  CLUSTER_CONFLICT: {
    means: "Another manager owns or changed the same object (409). It is not overwritten by force.",
    remedy: "Read which manager and field the message names; let it go there, or run again when its change is done.",
  },
  CLUSTER_INVALID: {
    means: "The API server refuses an object as invalid (400, 422).",
    remedy: "Read the server's words in the message.",
  },
  CLUSTER_FAILED: {
    means: "The API server, or a webhook that it asks, failed.",
    remedy: "Run again; look at the cluster's health and its webhooks.",
  },
};
