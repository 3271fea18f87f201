import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { EksDeployError } from "../errors.ts";
import { bucketFacts } from "../facts/bucket.ts";
import { type Identity, policyArnOf, providerArnOf } from "./identity.ts";
import { readKey } from "./key.ts";
import type { ObservedCluster, ObservedIdentity } from "./observed.ts";
import { readAgent, readAssociations, readCluster } from "./read-eks.ts";
import { policyNamed, readForeignPolicy, readPolicy, readProvider, readQuotas, readRole } from "./read-iam.ts";
import { noIssuer } from "./refusals.ts";

/** Reads everything that an identity of ours is planned from. Writes nothing. */
export async function observeIdentity(
  identity: Identity,
  aws: Aws,
  ctx: Pick<Context, "signal"> & Context,
): Promise<ObservedIdentity> {
  const reader = { aws, signal: ctx.signal };
  const policyArn = policyArnOf(identity);
  const bucket = bucketFacts(identity.reach.bucket, aws, ctx);
  const cluster = readCluster(identity.cluster, reader).then(withIssuer);
  const role = readRole(identity.roleName, reader);
  const policy = readPolicy(policyArn, reader);
  const all = {
    cluster,
    bucket,
    key: bucket.then((facts) => readKey(identity.reach.key, facts, reader)),
    provider: cluster.then(({ issuer }) => readProvider(providerArnOf(identity.place, issuer), reader)),
    role,
    policy,
    policyNamesake: policy.then((found) => (found ? undefined : policyNamed(identity.policyName, reader))),
    foreign: role.then((found) =>
      Promise.all(
        (found?.attached ?? []).filter((arn) => arn !== policyArn).map((arn) => readForeignPolicy(arn, reader)),
      ),
    ),
    associations: readAssociations(identity, reader).catch((thrown: unknown) => {
      if (identity.mode === "irsa" && isRefusal(thrown)) return undefined;
      throw thrown;
    }),
    agent: identity.mode === "irsa" ? "unknown" : cluster.then((found) => readAgent(found, reader)),
    quotas: readQuotas(reader),
  };
  return settled(all) as Promise<ObservedIdentity>;
}

function withIssuer(cluster: ObservedCluster): ObservedCluster {
  if (cluster.issuer === "") throw noIssuer(cluster.name);
  return cluster;
}

/** Not every partition and region has Pod Identity; irsa only looks for what another mode left behind. */
function isRefusal(thrown: unknown): boolean {
  return thrown instanceof EksDeployError && thrown.code === "AWS_REFUSED";
}

/** All values; the first failure only once nothing is under way any more. */
async function settled<T extends Readonly<Record<string, unknown>>>(all: T): Promise<unknown> {
  const results = await Promise.allSettled(Object.values(all));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  const values = results.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  return Object.fromEntries(Object.keys(all).map((name, index) => [name, values[index]]));
}
