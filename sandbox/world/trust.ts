import type { IamState, Role } from "../aws/iam/state.ts";
import type { GithubOidc } from "../github/oidc.ts";

/** IAM's OIDC provider for an issuer, with the audience that STS's clients use; it counts at once. */
export function layProvider(iam: IamState, issuer: string): void {
  const url = issuer.replace("https://", "");
  const arn = iam.arn("oidc-provider", url);
  iam.putProvider(
    { arn, url, clients: ["sts.amazonaws.com"], thumbprints: [], tags: new Map(), createdAt: iam.now() },
    arn,
  );
  iam.settle();
}

/** A role that the job's repository may assume with GitHub's token, with one inline policy; it counts at once. */
export function addGithubRole(iam: IamState, github: GithubOidc, name: string, policy: object): Role {
  const host = github.issuer.url.replace("https://", "");
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: iam.arn("oidc-provider", host) },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { [`${host}:aud`]: "sts.amazonaws.com" },
          StringLike: { [`${host}:sub`]: `repo:${github.job.repository}:*` },
        },
      },
    ],
  };
  const role: Role = {
    name,
    path: "/",
    arn: iam.arn("role", name),
    id: iam.newId("AROA", name),
    account: iam.account,
    trust: JSON.stringify(trust),
    description: undefined,
    maxSessionSeconds: 3600,
    boundary: undefined,
    tags: new Map(),
    inline: new Map([[`${name}-policy`, JSON.stringify(policy)]]),
    attached: [],
    createdAt: iam.now(),
  };
  iam.putRole(role, name);
  iam.settle();
  return role;
}
