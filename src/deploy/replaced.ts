import type { Context } from "../action/context.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Secret } from "../cluster/objects.ts";
import { deployments, secrets } from "../cluster/resources.ts";
import { asEksDeployError } from "../errors.ts";
import { restartedAt, type Templates, templateOf } from "./restart.ts";
import { applyData, secretState, type WantedSecret, writtenAt } from "./secrets.ts";

/** What a run wrote over beside helm, so that a rollback can put it back. Held in memory only: no value of a Secret goes into a file. */
export interface Replaced {
  readonly secrets: readonly ReplacedSecret[];
  /** Deployments that were restarted to read them, and the pod templates of before. */
  readonly restarted: readonly string[];
  readonly templates: Templates;
}

/** What putting back needs. */
interface RestoreMeans {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly owner: string;
}

export interface ReplacedSecret {
  readonly wanted: WantedSecret;
  readonly before: Secret;
}

/**
 * Gives Secrets the values that they had before the run; before helm rolls back, so that new pods read them. What someone else has written since is left alone, and what
 * cannot be written back is told by name: a rollback does not fail for it.
 */
export async function restoreSecrets(replaced: Replaced | undefined, means: RestoreMeans, ctx: Context): Promise<void> {
  const cluster = means.cluster.within(ctx);
  for (const { wanted, before } of replaced?.secrets ?? []) {
    try {
      const now = await cluster.get(secrets, wanted.name, means.namespace);
      if (!now || secretState(wanted, now, means.owner) !== "same") {
        ctx.log.info(`The Secret ${wanted.name} was changed by someone else meanwhile; it stays as it is`);
        continue;
      }
      const data = Object.fromEntries(
        Object.keys(wanted.data).flatMap((key) => (before.data?.[key] === undefined ? [] : [[key, before.data[key]]])),
      );
      const since = new Date(writtenAt(now)).toISOString();
      await applyData(cluster, means, wanted.name, data, { force: true, otherSince: since });
      ctx.log.info(`Gave the Secret ${wanted.name} back the value that it had before`);
    } catch (thrown) {
      tellNotRestored([wanted.name], asEksDeployError(thrown).happened, ctx);
    }
  }
}

/** Takes restarts back: the Deployments get their earlier pod template, whose pods may still be there. */
export async function undoRestarts(replaced: Replaced | undefined, means: RestoreMeans, ctx: Context): Promise<void> {
  if (!replaced) return;
  const cluster = means.cluster.within(ctx);
  for (const name of replaced.restarted) {
    const before = templateOf(replaced.templates, name);
    const annotations = { [restartedAt]: before?.metadata?.annotations?.[restartedAt] ?? null };
    const place = { name, namespace: means.namespace };
    await cluster.patch(deployments, place, { spec: { template: { metadata: { annotations } } } });
    ctx.log.info(`Took the restart of ${name} back`);
  }
}

/** A rollback that could not put Secrets back says so by name: pods that start from now on read the newer values. */
export function tellNotRestored(names: readonly string[], why: string, ctx: Context): void {
  if (names.length === 0) return;
  ctx.log.finding({
    code: "DEPLOY_SECRET_NEWER",
    level: "warning",
    happened: `${names.join(", ")} still ${names.length === 1 ? "holds" : "hold"} the value that the failed release wrote, not the one that the live revision was released with: ${why}`,
    next: "Release again with the earlier value (api-key, s3-secret-access-key), or with a cause that is mended.",
  });
}
