import type { Context } from "../action/context.ts";
import type { Aws } from "../aws/session.ts";
import { chartPath } from "../bundle/chart-cache.ts";
import type { RecordStore } from "../record/store.ts";
import { indexPath } from "./bundle-index.ts";
import type { Cargo, KnownCargo } from "./cargo.ts";
import { pullPolicyDiffers } from "./ecr/pull-policy.ts";
import { describeRepositories, type Repository } from "./ecr/repositories.ts";
import type { RepositorySettings } from "./ecr/settings.ts";
import { describeImage } from "./ecr/status.ts";
import { pushTemplates } from "./ecr/templates.ts";
import type { Goal } from "./goal.ts";
import type { Keepsake, ObservedImages, Standing } from "./plan.ts";
import { tagDigest } from "./registry/manifests.ts";
import type { Wire } from "./registry/wire.ts";

/** What observing needs. */
export interface RegistryMeans {
  readonly ctx: Context;
  readonly aws: Aws;
  readonly wire: Wire;
  readonly store: RecordStore | undefined;
}

/** Reads what stands in the registry and in records. No layer is read. */
export async function observeImages(
  cargo: Cargo,
  prefix: string,
  settings: RepositorySettings,
  indexKept: boolean,
  means: RegistryMeans,
): Promise<ObservedImages> {
  const { aws, ctx, wire, store } = means;
  const names = [...new Set((cargo.goals ?? []).map(({ repository }) => repository))];
  const repositories = await describeRepositories(names, aws, ctx.signal);
  const missing = names.length === 0 || names.some((name) => !repositories.has(name));
  const [standing, templates, policies, keepsakes] = await Promise.all([
    standingOf(cargo.goals ?? [], repositories, means),
    missing ? pushTemplates(aws, ctx.signal) : [],
    differingPolicies([...repositories.values()], settings, means),
    keepsakesOf(cargo, indexKept, store),
  ]);
  const goals = cargo.kind === "known" ? await withContents(cargo, standing) : cargo.goals;
  const inner = prefix.replaceAll(/^\/+|\/+$/g, "");
  return {
    registry: inner === "" ? wire.endpoint.host : `${wire.endpoint.host}/${inner}`,
    source: sourceOf(cargo),
    goals,
    repositories,
    standing,
    templates,
    policies,
    keepsakes,
    chartSha256: cargo.kind === "known" ? cargo.chartSha256 : cargo.chart?.archive.sha256,
  };
}

function sourceOf(cargo: Cargo): ObservedImages["source"] {
  if (cargo.kind === "pass") return { label: cargo.bundle.label, identity: cargo.identity, onePass: true };
  if (cargo.kind === "archives") return { label: cargo.bundle.label, identity: cargo.bundle.label, onePass: false };
  return { label: cargo.label, identity: cargo.identity ?? cargo.label, onePass: cargo.identity !== undefined };
}

/** Images that do not stand here must be copied, so what is below their digests is looked up where they are. */
function withContents(cargo: KnownCargo, standing: ReadonlyMap<string, Standing>): Promise<readonly Goal[]> {
  return Promise.all(
    cargo.goals.map(async (goal) => {
      if (standing.get(`${goal.repository}:${goal.tag}`)?.digest === goal.digest) return goal;
      const oci = await cargo.contents(goal);
      return { ...goal, oci, size: oci.size };
    }),
  );
}

/** What each tag names now, and whether that image, or the one that the tag shall name, can be pulled. */
async function standingOf(
  goals: readonly Goal[],
  repositories: ReadonlyMap<string, Repository>,
  { wire, aws, ctx }: RegistryMeans,
): Promise<ReadonlyMap<string, Standing>> {
  const found = new Map<string, Standing>();
  await Promise.all(
    goals.map(async ({ repository, tag, digest: wanted }) => {
      if (!repositories.has(repository)) return;
      const [digest, described] = await Promise.all([
        tagDigest(wire, repository, tag),
        describeImage(repository, tag, aws, ctx.signal),
      ]);
      const standing = digest ?? described?.digest;
      if (standing !== wanted) {
        const image = await describeImage(repository, wanted, aws, ctx.signal);
        if (image) found.set(`${repository}@${wanted}`, image);
      }
      if (standing === undefined) return;
      const status = described?.digest === standing ? described.status : undefined;
      found.set(`${repository}:${tag}`, { digest: standing, ...(status ? { status } : {}) });
    }),
  );
  return found;
}

async function differingPolicies(
  repositories: readonly Repository[],
  { pullAccounts, owner }: RepositorySettings,
  { aws, ctx }: RegistryMeans,
): Promise<readonly string[]> {
  if (pullAccounts.length === 0) return [];
  const names = await Promise.all(
    repositories.map(async (repository) =>
      (await pullPolicyDiffers(repository, pullAccounts, owner, aws, ctx.signal)) ? [repository.name] : [],
    ),
  );
  return names.flat().sort();
}

/** The chart and the index belong into records, so that later jobs need no bundle. */
async function keepsakesOf(
  cargo: Cargo,
  indexKept: boolean,
  store: RecordStore | undefined,
): Promise<readonly Keepsake[]> {
  if (!store) return [];
  const items: Keepsake[] = [];
  if (cargo.chart) {
    const path = chartPath(cargo.chart.archive.sha256);
    items.push({ kind: "chart", path, kept: (await store.list(path)).includes(path) });
  }
  if (cargo.kind === "pass") items.push({ kind: "bundle index", path: indexPath(cargo.identity), kept: indexKept });
  return items;
}
