import { randomBytes } from "node:crypto";
import type { AccessEntry, Cluster } from "../aws/eks/state.ts";
import type { Principals } from "../aws/principals.ts";
import type { Caller } from "../aws/service.ts";
import { judgeEksToken } from "../aws/sts/eks-token.ts";
import type { Identity } from "../kubernetes/auth.ts";

/** Who may come to the cluster: callers of AWS by their access entries, and one administrator's token for kubeconfigs. */
export class ClusterAccess {
  /** A bearer token of a cluster administrator, for tests and people. */
  readonly adminToken = randomBytes(24).toString("base64url");
  private readonly principals: Principals;
  private readonly cluster: () => Cluster;
  private readonly region: string;
  private readonly clocks: () => readonly number[];
  private readonly seen = new Set<string>();
  private revoked: ReadonlySet<string> = new Set();

  constructor(principals: Principals, cluster: () => Cluster, region: string, clocks: () => readonly number[]) {
    this.principals = principals;
    this.cluster = cluster;
    this.region = region;
    this.clocks = clocks;
  }

  /** The API server's authenticator. */
  readonly authenticate = (token: string): Identity | undefined => {
    if (token === this.adminToken) return { user: "sandbox-admin", groups: ["system:masters"] };
    if (this.revoked.has(token)) return undefined;
    const caller = this.clocks()
      .map((now) => this.judge(token, now))
      .find((judged) => typeof judged !== "string");
    if (caller === undefined || typeof caller === "string") return undefined;
    this.seen.add(token);
    const entry = this.entryOf(caller);
    return entry && { user: entry.username, groups: entry.groups, policies: entry.policies };
  };

  /** Refuses every token that was used so far, as if its 15 minutes were over. */
  expireTokens(): void {
    this.revoked = new Set(this.seen);
  }

  private judge(token: string, now: number): Caller | string {
    const { principals, region } = this;
    return judgeEksToken({ principals, region, clusterName: this.cluster().name, now: () => now }, token);
  }

  /** An entry names a user or a role; a session comes in by its role's, whose path its ARN does not show. */
  private entryOf({ arn, account }: Caller): AccessEntry | undefined {
    const role = /:assumed-role\/([^/]+)\//.exec(arn)?.[1];
    const fits = (principal: string) =>
      role === undefined
        ? principal === arn
        : principal.includes(`:iam::${account}:role/`) && principal.split("/").at(-1) === role;
    return [...this.cluster().accessEntries.values()].find(({ principalArn }) => fits(principalArn));
  }
}
