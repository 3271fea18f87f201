import { type Change, type Known, unknown } from "../action/plan.ts";
import type { Json } from "../canonical.ts";
import { UserError } from "../errors.ts";
import { isImmutable, type Repository } from "./ecr/repositories.ts";
import { type RepositorySettings, settingsText } from "./ecr/settings.ts";
import { type PushTemplate, templateFor } from "./ecr/templates.ts";
import type { Goal } from "./goal.ts";
import { refuseOversized } from "./limits.ts";

/** What a tag names now. */
export interface Standing {
  readonly digest: string;
  /** `ARCHIVED` and `ACTIVATING` images exist, but cannot be pulled; absent where nobody may look. */
  readonly status?: string;
}

/** A small object that is kept in `records`: the chart, or a bundle's index. */
export interface Keepsake {
  readonly kind: "chart" | "bundle index";
  /** Path below `records`. */
  readonly path: string;
  readonly kept: boolean;
}

/** Everything that the plan looks at. */
export interface ObservedImages {
  /** Host of the registry and prefix, as the chart's `image.registry` wants it. */
  readonly registry: string;
  /** What is read: its label for people, and what stands for its bytes. */
  readonly source: { readonly label: string; readonly identity: string; readonly onePass: boolean };
  /** Absent while a one-pass source was not read yet. */
  readonly goals: readonly Goal[] | undefined;
  readonly repositories: ReadonlyMap<string, Repository>;
  /** By `repository:tag`, and by `repository@digest` what is there without its tag. */
  readonly standing: ReadonlyMap<string, Standing>;
  /** Absent where nobody may look. */
  readonly templates: readonly PushTemplate[] | undefined;
  /** Repositories of ours whose policy must change for `pull-accounts`. */
  readonly policies: readonly string[];
  readonly keepsakes: readonly Keepsake[];
  readonly chartSha256: string | undefined;
}

/** What the inputs ask for. */
export interface ImageWishes {
  readonly settings: RepositorySettings;
  readonly createRepositories: boolean;
  readonly selected: readonly string[];
}

/** What apply does; each list may be empty. */
export interface ImageWork {
  /** Absent: the whole one-pass source is read, and what is missing of it is pushed. */
  readonly push: readonly Goal[] | undefined;
  readonly create: readonly string[];
  readonly policies: readonly string[];
  readonly keep: readonly Keepsake[];
}

/** An image's place, as the output `images` gives it. */
export interface PlacedImage {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** `host/repository@digest`. */
  readonly uri: string;
  /** Bytes; absent where only the digest is known. */
  readonly size?: number;
  readonly state: "pushed" | "present";
}

export interface PlannedImages {
  readonly changes: readonly Change[];
  readonly endState: Json;
  readonly work: ImageWork;
  readonly images: Known<Readonly<Record<string, PlacedImage>>>;
}

/** What must change so that every goal stands under its tag. Order is safe to interrupt: repositories, images, then what tells of them. */
export function planImages(observed: ObservedImages, wishes: ImageWishes): PlannedImages {
  const { goals, source } = observed;
  refuseTakenTags(observed);
  for (const goal of goals ?? []) refuseOversized(goal);
  const push = goals?.filter((goal) => !stands(goal, observed));
  const missing = [...new Set((push ?? []).map(({ repository }) => repository))].filter(
    (repository) => !observed.repositories.has(repository),
  );
  const onPush = new Map(
    missing.flatMap((name) => {
      const template = templateFor(name, observed.templates ?? []);
      return template ? [[name, template] as const] : [];
    }),
  );
  const create = missing.filter((name) => !onPush.has(name));
  if (create.length > 0 && !wishes.createRepositories) throw missingRepositories(create);
  const keep = observed.keepsakes.filter(({ kept }) => !kept);
  return {
    changes: [
      ...create.map((name) => creation(name, settingsText(wishes.settings), "the repository is missing")),
      ...[...onPush].map(([name, template]) =>
        creation(
          name,
          `tags ${template.mutability.toLowerCase()}`,
          `made by ECR on push, as the creation template ${template.prefix} says`,
        ),
      ),
      ...(push ? push.map((goal) => upload(goal, observed)) : [unread(source)]),
      ...observed.policies.map((name) => policyChange(name, wishes.settings)),
      ...keep.map(
        (item): Change => ({ verb: "write", kind: item.kind, name: item.path, reason: "not in records yet" }),
      ),
    ],
    endState: endState(observed, wishes),
    work: { push, create, policies: observed.policies, keep },
    images: goals ? placedImages(goals, observed, push!) : unknown("known once the bundle was read", source.identity),
  };
}

function stands(goal: Goal, observed: ObservedImages): boolean {
  return observed.standing.get(`${goal.repository}:${goal.tag}`)?.digest === goal.digest;
}

/** Where each image is, for the output `images`. */
export function placedImages(
  goals: readonly Goal[],
  { registry }: Pick<ObservedImages, "registry">,
  pushed: readonly Goal[],
): Readonly<Record<string, PlacedImage>> {
  const [host] = registry.split("/");
  return Object.fromEntries(
    goals.map((goal) => {
      const { name, repository, tag, digest, size } = goal;
      const uri = `${host}/${repository}@${digest}`;
      const state = pushed.includes(goal) ? "pushed" : "present";
      return [name, { repository, tag, digest, uri, ...(size === undefined ? {} : { size }), state }];
    }),
  );
}

/** Bytes of all images together; what they share counts once. */
export function totalBytes(goals: readonly Goal[]): number {
  const sizes = new Map<string, number>();
  for (const { digest, oci, size } of goals) {
    if (!oci) sizes.set(digest, size ?? 0);
    for (const blob of oci?.blobs ?? []) sizes.set(blob.digest, blob.size);
    for (const { descriptor } of oci?.manifests ?? []) sizes.set(descriptor.digest, descriptor.size);
  }
  return [...sizes.values()].reduce((sum, each) => sum + each, 0);
}

/** A source that passes once stands for whatever it holds, before it was read and after: an approval of it holds either way. */
function endState({ registry, source, goals, chartSha256 }: ObservedImages, wishes: ImageWishes): Json {
  const settings = wishes.settings as unknown as Json;
  if (source.onePass) return { registry, settings, selected: wishes.selected, source: source.identity };
  const images = (goals ?? []).map(({ name, repository, tag, digest }) => [name, { repository, tag, digest }]);
  return { registry, settings, images: Object.fromEntries(images) as Json, chart: chartSha256 ?? null };
}

function creation(name: string, to: string, reason: string): Change {
  return { verb: "create", kind: "repository", name, to, reason };
}

function upload(goal: Goal, observed: ObservedImages): Change {
  const before = observed.standing.get(`${goal.repository}:${goal.tag}`);
  const change = {
    verb: "upload",
    kind: "image",
    name: `${goal.repository}:${goal.tag}`,
    to: goal.digest,
  } as const;
  if (!before) return { ...change, reason: "not in the registry" };
  return { ...change, from: before.digest, reason: "the tag names another digest, and this repository lets tags move" };
}

function unread(source: ObservedImages["source"]): Change {
  return {
    verb: "upload",
    kind: "images",
    name: source.label,
    to: unknown("known once the bundle was read", source.identity),
    reason: "a compressed bundle is read in one pass, and no index of this one is in records yet",
  };
}

function policyChange(name: string, settings: RepositorySettings): Change {
  return {
    verb: "update",
    kind: "repository policy",
    name,
    to: `pull by ${settings.pullAccounts.join(", ")}`,
    reason: "pull-accounts asks for it",
  };
}

/** An immutable tag is never moved, and an archived image cannot be pulled: both are told before anything is written. */
function refuseTakenTags(observed: ObservedImages): void {
  for (const goal of observed.goals ?? []) {
    const name = `${goal.repository}:${goal.tag}`;
    const before = observed.standing.get(name);
    const repository = observed.repositories.get(goal.repository);
    if (before && before.digest !== goal.digest && repository && isImmutable(repository, goal.tag))
      throw takenTag(name, before.digest, goal.digest);
    const there = before?.digest === goal.digest ? before : observed.standing.get(`${goal.repository}@${goal.digest}`);
    if (there?.status && there.status !== "ACTIVE") {
      throw new UserError("IMAGE_ARCHIVED", {
        happened: `${name} (${goal.digest}) is ${there.status.toLowerCase()} in ECR: it exists, and cannot be pulled.`,
        next: `Run: aws ecr update-image-storage-class --repository-name ${goal.repository} --image-id imageDigest=${goal.digest} --target-storage-class STANDARD`,
      });
    }
  }
}

/** The refusal to move an immutable tag; no retry can help. */
export function takenTag(name: string, is: string | undefined, wanted: string): UserError {
  return new UserError("IMAGE_TAG_TAKEN", {
    happened: `The tag ${name} is immutable${is ? ` and names ${is}` : ""}; the bundle holds ${wanted}.`,
    next: "Push under another repository-prefix, or find out who pushed that image: a tag in ECR is not moved.",
  });
}

/** The refusal to go on without a repository. */
export function missingRepositories(names: readonly string[]): UserError {
  return new UserError("REPOSITORY_MISSING", {
    happened: `There is no repository ${names.join(", ")} in ECR, and create-repositories is false.`,
    next: `Run: ${names.map((name) => `aws ecr create-repository --repository-name ${name}`).join(" && ")}\nor set create-repositories: true.`,
  });
}
