/** Tokens that the API server takes, and whom they stand for. */
export const tokens = {
  admin: { user: "admin", groups: "system:masters" },
  second: { user: "second", groups: "system:masters" },
  deployer: { user: "deployer", groups: "eks-deploy" },
  nobody: { user: "nobody", groups: "strangers" },
  node: { user: "system:node:e2e-node", groups: "system:nodes" },
  // The cluster's own parts, so that their writes are not taken for a person's.
  system: { user: "system", groups: "system:masters" },
} as const;

export type Token = keyof typeof tokens;

/** The API server's file of tokens. */
export function tokensFile(): string {
  return Object.entries(tokens)
    .map(([token, { user, groups }]) => `${token},${user},${user},"${groups}"\n`)
    .join("");
}

/** A kubeconfig of one of them. */
export function kubeconfigOf(server: string, authority: string, token: Token): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "e2e", cluster: { server, "certificate-authority-data": Buffer.from(authority).toString("base64") } },
    ],
    users: [{ name: token, user: { token } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: token } }],
    "current-context": "e2e",
  });
}

/** Flags by which the API server asks `server` about other tokens. */
export function tokenReviewFlags(server: string, file: (name: string, content: string) => string): readonly string[] {
  const configuration = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "judge", cluster: { server } }],
    contexts: [{ name: "judge", context: { cluster: "judge", user: "" } }],
    "current-context": "judge",
  };
  const path = file("token-reviews.json", JSON.stringify(configuration));
  return ["--authentication-token-webhook-config-file", path, "--authentication-token-webhook-version=v1"];
}
