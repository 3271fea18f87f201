import { type Chart, presetImages } from "../bundle/chart.ts";
import { type ArchiveName, isRepositoryName } from "../bundle/names.ts";
import { UserError } from "../errors.ts";
import { shown } from "../tar/names.ts";
import type { OciImage } from "./oci/layout.ts";

/** What shall be in the registry: one image under one tag. */
export interface Goal {
  /** The image's name: what the chart calls it. */
  readonly name: string;
  /** Repository with its prefix. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** Bytes of blobs and manifests; absent where only the digest is known (a record). */
  readonly size?: number;
  readonly platforms?: readonly string[];
  /** Everything below the digest; absent for a record. */
  readonly oci?: OciImage;
}

/** An image of a bundle, with what its file name says. */
export interface NamedImage {
  readonly name: ArchiveName;
  readonly oci: OciImage;
}

/** The images that are asked for, each with repository and tag. `prefix` as `repositoryPrefix` gives it. */
export function goalsOf(images: readonly NamedImage[], selected: readonly string[], prefix: string): readonly Goal[] {
  return selectImages(
    images.map((image) => image.name),
    selected,
  ).map((name) => {
    const { oci } = images.find((image) => image.name === name)!;
    return {
      name: name.image,
      repository: repositoryName(prefix, name.image),
      tag: tagOf(oci, name),
      digest: oci.root.digest,
      size: oci.size,
      platforms: oci.platforms,
      oci,
    };
  });
}

/** The archives whose images are asked for; all when `selected` is empty. */
export function selectImages(names: readonly ArchiveName[], selected: readonly string[]): readonly ArchiveName[] {
  refuseUnknown(
    names.map(({ image }) => image),
    selected,
    "The bundle",
  );
  return selected.length === 0 ? names : names.filter(({ image }) => selected.includes(image));
}

/** Refuses names that `holder` (a bundle, a record) does not have. */
export function refuseUnknown(names: readonly string[], selected: readonly string[], holder: string): void {
  const unknown = selected.filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new UserError("IMAGE_NOT_IN_BUNDLE", {
    happened: `${holder} holds no image ${unknown.join(", ")}; it holds ${names.join(", ")}.`,
    next: "Correct the input images, or leave it empty to push all.",
  });
}

/** `prefix/name`; slashes around the prefix mean nothing. Refuses what ECR takes for no name. */
export function repositoryName(prefix: string, name: string): string {
  const inner = prefix.replaceAll(/^\/+|\/+$/g, "");
  const whole = inner === "" ? name : `${inner}/${name}`;
  refuseRepository(whole);
  return whole;
}

/** Refuses a name that ECR takes for no repository's, whoever gave it: an archive, an input or a record. */
export function refuseRepository(name: string): void {
  if (isRepositoryName(name)) return;
  throw new UserError("REPOSITORY_NAME", {
    happened: `Amazon ECR takes no repository of the name ${shown(name)} (${name.length} characters).`,
    next: "A name has at most 256 lower-case letters and digits, with single dots, dashes, underscores or slashes between. Correct repository-prefix or the record.",
  });
}

/** Whether a registry takes this text for a tag. */
export function isTag(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text);
}

/** The archive's own reference name, else what follows `__` in its file name. */
export function tagOf(oci: Pick<OciImage, "references" | "archive">, name: ArchiveName): string {
  const own = [...new Set(oci.references.flatMap((reference) => tagIn(reference) ?? []))];
  if (own.length > 1 && !own.includes(name.suffix)) {
    throw new UserError("IMAGE_AMBIGUOUS", {
      happened: `${oci.archive} names its image ${own.map(shown).join(" and ")}, and the file name says "${name.suffix}".`,
      next: "Give the image one reference name in the archive's index.json.",
    });
  }
  const tag = own.length === 1 ? own[0]! : name.suffix;
  if (isTag(tag)) return tag;
  throw new UserError("IMAGE_TAG_INVALID", {
    happened: `${oci.archive} gives the tag ${shown(tag)}${own.length === 1 ? " (the reference name in its index.json)" : ""}, which no registry takes.`,
    next: `${own.length === 1 ? `Give it another: skopeo copy oci-archive:${oci.archive} oci-archive:renamed/${oci.archive}:TAG` : "Name the archive <image-name>__<tag>.tar"}; a tag is at most 128 letters, digits, dots, dashes and underscores.`,
  });
}

/** `2611.0` of `2611.0`, `atlas:2611.0` and `docker.io/poolside/atlas:2611.0`, each also with a digest behind it; nothing of a name that has no tag. */
function tagIn(reference: string): string | undefined {
  const [named = ""] = reference.split("@", 1);
  const last = named.slice(named.lastIndexOf("/") + 1);
  if (last.includes(":")) return last.slice(last.lastIndexOf(":") + 1);
  return /[/@]/.test(reference) ? undefined : last;
}

/**
 * Holds the chart's presets against the archives of its bundle: pods start only from what is pushed. Where only some images are asked for,
 * the presets of the others are not looked at.
 */
export function comparePresets(goals: readonly Goal[], selected: readonly string[], chart: Chart): void {
  for (const preset of presetImages(chart)) {
    if (selected.length > 0 && !selected.includes(preset.name)) continue;
    const goal = goals.find(({ name }) => name === preset.name);
    const wanted = `${preset.name}:${preset.tag ?? "<any tag>"}`;
    if (!goal) {
      throw mismatch(
        `The chart presets ${preset.key} ${wanted}, and no archive of that image is there; found: ${goals.map(({ name, tag }) => `${name}:${tag}`).join(", ") || "none"}.`,
        `Put ${preset.name}__${preset.tag ?? "<tag>"}.tar into the bundle's containers/, as it came.`,
      );
    }
    if (preset.tag !== undefined && preset.tag !== goal.tag) {
      throw mismatch(
        `The chart presets ${preset.key} ${wanted}, and the archive holds ${goal.name}:${goal.tag}.`,
        "Use the chart and the archives of one bundle.",
      );
    }
  }
}

function mismatch(happened: string, next: string): UserError {
  return new UserError("IMAGE_CHART_MISMATCH", { happened, next });
}
