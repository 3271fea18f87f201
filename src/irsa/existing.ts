import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { EksDeployError } from "../errors.ts";
import { bucketFacts } from "../facts/bucket.ts";
import { type ClusterAccess, type ObservedAccount, readAccount } from "./account.ts";
import { type Place, providerArnOf, type Reach, type Subject } from "./identity.ts";
import { readKey } from "./key.ts";
import type {
  HangingPolicy,
  ObservedAssociation,
  ObservedCluster,
  ObservedKey,
  ObservedProvider,
  ObservedRole,
} from "./observed.ts";
import { readAssociations, readCluster } from "./read-eks.ts";
import { type Reader, readForeignPolicy, readProvider, readRole } from "./read-iam.ts";

/** An identity of others: a role, a service account, or both. */
export interface Foreign extends Subject {
  readonly place: Place;
  readonly access: ClusterAccess;
  readonly roleArn: string | undefined;
  /** Absent: nothing is known of what must be read. */
  readonly reach: Reach | undefined;
}

/** Something that may not be read, and why. */
export interface Unread {
  readonly unread: string;
}

export interface ObservedForeign {
  readonly account: ObservedAccount;
  readonly cluster: ObservedCluster | Unread;
  readonly provider: ObservedProvider | Unread | undefined;
  readonly associations: readonly ObservedAssociation[] | undefined;
  /** From role-arn, else the service account's annotation, else its association. */
  readonly roleArn: string | undefined;
  readonly role: ObservedRole | Unread | undefined;
  /** Everything that hangs on the role. */
  readonly policies: readonly HangingPolicy[];
  readonly key: ObservedKey | undefined;
}

export function isUnread(value: unknown): value is Unread {
  return typeof value === "object" && value !== null && "unread" in value;
}

/** Reads what others own, as far as it may be read. Writes nothing. */
export async function observeForeign(foreign: Foreign, aws: Aws, ctx: Context): Promise<ObservedForeign> {
  const reader: Reader = { aws, signal: ctx.signal };
  const [account, cluster, associations, key] = await Promise.all([
    readAccount(foreign, foreign.access, aws, ctx),
    foreign.cluster === "" ? { unread: "no cluster was given" } : orUnread(() => readCluster(foreign.cluster, reader)),
    foreign.cluster === "" ? undefined : readAssociations(foreign, reader),
    keyOf(foreign, aws, ctx),
  ]);
  const annotated = account.state === "found" ? account.roleArn : undefined;
  const roleArn = foreign.roleArn ?? annotated ?? associations?.[0]?.roleArn;
  const [role, provider] = await Promise.all([
    roleArn === undefined ? undefined : roleOf(roleArn, foreign.place, reader),
    isUnread(cluster) ? cluster : orUnread(() => readProvider(providerArnOf(foreign.place, cluster.issuer), reader)),
  ]);
  const policies =
    role && !isUnread(role)
      ? [...role.inline, ...(await Promise.all(role.attached.map((arn) => readForeignPolicy(arn, reader))))]
      : [];
  return { account, cluster, provider, associations, roleArn, role, policies, key };
}

/** `undefined`: a readable account has no such role. */
async function roleOf(arn: string, place: Place, reader: Reader): Promise<ObservedRole | Unread | undefined> {
  if (arn.split(":")[4] !== place.account) return { unread: `${arn} is in another account` };
  return orUnread(() => readRole(arn.split("/").at(-1)!, reader));
}

async function keyOf(foreign: Foreign, aws: Aws, ctx: Context): Promise<ObservedKey | undefined> {
  if (!foreign.reach) return undefined;
  const bucket = await bucketFacts(foreign.reach.bucket, aws, ctx);
  return readKey(foreign.reach.key, bucket, { aws, signal: ctx.signal });
}

async function orUnread<T>(read: () => Promise<T>): Promise<T | Unread> {
  try {
    return await read();
  } catch (thrown) {
    if (thrown instanceof EksDeployError && thrown.code === "AWS_ACCESS_DENIED") return { unread: thrown.happened };
    throw thrown;
  }
}
