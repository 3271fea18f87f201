import type { Context } from "../action/context.ts";
import { connectAws } from "../aws/session.ts";
import { type ClusterChoice, connectCluster, namesCluster } from "../cluster/connect.ts";
import { asEksDeployError } from "../errors.ts";
import { releaseHolder } from "../facts/release-lease.ts";
import type { Inside } from "./backend.ts";

/** The inputs that say where the release runs. */
export interface InsideInputs extends ClusterChoice {
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
  readonly namespace: string;
  readonly release: string;
}

/** The cluster of the release, or why it is not looked at. A smoke test needs none: it asks what people ask. */
export async function openInside(inputs: InsideInputs, ctx: Context): Promise<Inside | string> {
  if (!namesCluster(inputs)) return "no cluster was given";
  const signIn = () =>
    connectAws({ region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume }, ctx);
  try {
    const cluster = await connectCluster(inputs, { ctx, aws: signIn });
    const aws = inputs.cluster && !inputs.kubeconfig && !inputs.context ? await signIn() : undefined;
    return { cluster, namespace: inputs.namespace, aws };
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    return asEksDeployError(thrown).happened;
  }
}

/** The run that works on the release now, other than this one; while it does, a test says nothing. */
export async function otherRun(inside: Inside | string, release: string, ctx: Context): Promise<string | undefined> {
  if (typeof inside === "string") return undefined;
  try {
    const holder = await releaseHolder(inside.cluster, { release, namespace: inside.namespace }, ctx.clock.now());
    return holder === ctx.ambient.run.url ? undefined : holder;
  } catch (thrown) {
    if (ctx.signal.aborted) throw thrown;
    ctx.log.info(`Whether the release is being changed was not looked at: ${asEksDeployError(thrown).happened}`);
    return undefined;
  }
}
