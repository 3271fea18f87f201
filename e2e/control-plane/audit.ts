import { tokens } from "./access.ts";

/** Every write, with whom and what, but those of the cluster's own parts; no reads, no bodies. */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", userGroups: ["system:nodes", "system:serviceaccounts"] },
    { level: "None", users: [tokens.system.user, "system:apiserver"] },
    { level: "Metadata", verbs: ["create", "update", "patch", "delete", "deletecollection"] },
    { level: "None" },
  ],
};

/** Writes of a user that the API server took, in order; dry runs and questions about rights are none. */
export function writesIn(log: string, user: string): readonly string[] {
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .filter(({ user: by, objectRef, requestURI, responseStatus }) => {
      if (by.username !== user || (responseStatus?.code ?? 0) >= 300) return false;
      // Asking what one may do is a POST that writes nothing.
      return objectRef?.resource !== "selfsubjectaccessreviews" && !requestURI.includes("dryRun=All");
    })
    .map(({ verb, objectRef: { resource, subresource, namespace, name } }) =>
      [verb, subresource ? `${resource}/${subresource}` : resource, [namespace, name].filter(Boolean).join("/")].join(
        " ",
      ),
    );
}
