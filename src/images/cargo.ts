import type { ArchiveBundle, Bundle, StreamBundle } from "../bundle/bundle.ts";
import type { Chart } from "../bundle/chart.ts";
import { readWhole } from "../bundle/whole.ts";
import { UserError } from "../errors.ts";
import type { FoundIndex } from "./bundle-index.ts";
import { comparePresets, type Goal, goalsOf, type NamedImage, selectImages } from "./goal.ts";
import { type OpenImage, openImage } from "./oci/archive.ts";
import type { Descriptor } from "./oci/descriptor.ts";
import type { OciImage } from "./oci/layout.ts";
import type { BlobBody } from "./registry/blobs.ts";

/** What there is to push, and how its bytes are got. */
export type Cargo = ArchiveCargo | PassCargo | KnownCargo;

/** What every cargo tells. */
interface Chosen {
  /** Images that are there and were not asked for; absent where nobody knows yet. */
  readonly leftOut: readonly string[] | undefined;
}

/** Images in archives that are read at random: structure and small parts are proven, nothing is uploaded yet. */
export interface ArchiveCargo extends Chosen {
  readonly kind: "archives";
  readonly bundle: ArchiveBundle;
  readonly goals: readonly Goal[];
  readonly chart: Chart | undefined;
  blob(goal: Goal, blob: Descriptor): BlobBody;
}

/** A compressed bundle; what is in it is known only where an index of it was kept. */
export interface PassCargo extends Chosen {
  readonly kind: "pass";
  readonly bundle: StreamBundle;
  /** `sha256:...` where it was given; else what the source says of itself. */
  readonly identity: string;
  readonly goals: readonly Goal[] | undefined;
  readonly chart: Chart | undefined;
  /** The index as it was found. */
  readonly indexText: string | undefined;
}

/** Images whose digests are known from elsewhere: a release record, or the report of the job that pushed. */
export interface KnownCargo extends Chosen {
  readonly kind: "known";
  readonly label: string;
  readonly goals: readonly Goal[];
  readonly chart: Chart | undefined;
  readonly chartSha256: string | undefined;
  /** Stands for a compressed bundle that they came from. */
  readonly identity: string | undefined;
  /** What is below a digest, where it can be copied from another registry; throws `IMAGES_FROM_RECORD` where not. */
  contents(goal: Goal): Promise<OciImage>;
  blob(goal: Goal, blob: Descriptor): BlobBody;
}

/** What the inputs say about a bundle. */
export interface BundleWishes {
  readonly selected: readonly string[];
  readonly prefix: string;
  readonly sha256: string | undefined;
}

/** Reads the structure of every archive that is asked for, and holds the chart's presets against them. */
export async function archiveCargo(
  bundle: ArchiveBundle,
  wishes: BundleWishes,
  signal: AbortSignal,
): Promise<ArchiveCargo> {
  if (wishes.sha256 && !bundle.file) throw noDigestOfFolder(bundle.label);
  const chosen = selectImages(
    bundle.archives.map(({ name }) => name),
    wishes.selected,
  );
  const opened = new Map<string, OpenImage>();
  const images = await Promise.all(
    bundle.archives
      .filter(({ name }) => chosen.includes(name))
      .map(async ({ name, source }): Promise<NamedImage> => {
        const image = await openImage(source, name.file, signal);
        opened.set(name.image, image);
        return { name, oci: image.oci };
      }),
  );
  const goals = goalsOf(images, wishes.selected, wishes.prefix);
  if (bundle.chart) comparePresets(goals, wishes.selected, bundle.chart);
  return {
    kind: "archives",
    bundle,
    goals,
    leftOut: unasked(
      bundle.archives.map(({ name }) => name.image),
      goals,
    ),
    chart: bundle.chart,
    blob(goal, blob) {
      const source = opened.get(goal.name)!.blob(blob);
      return {
        again: true,
        whole: () => readWhole(source, signal),
        body: () => ({ source, offset: 0, size: source.size }),
      };
    },
  };
}

/** A compressed bundle, with its goals where its index is known. */
export function passCargo(
  bundle: StreamBundle,
  found: FoundIndex | undefined,
  chart: Chart | undefined,
  wishes: BundleWishes,
): PassCargo {
  const goals = found && goalsOf(found.index.images, wishes.selected, wishes.prefix);
  if (goals && chart) comparePresets(goals, wishes.selected, chart);
  const leftOut =
    goals &&
    unasked(
      found.index.images.map(({ name }) => name.image),
      goals,
    );
  return { kind: "pass", bundle, identity: identityOf(bundle, wishes), goals, leftOut, chart, indexText: found?.text };
}

/** Those of `names` that are no goal. */
export function unasked(names: readonly string[], goals: readonly Goal[]): readonly string[] {
  return names.filter((name) => !goals.some((goal) => goal.name === name));
}

/** What stands for the bundle's bytes before they were read. */
export function identityOf(bundle: StreamBundle, { sha256 }: BundleWishes): string {
  return sha256 ? `sha256:${sha256}` : bundle.identity;
}

/** The refusal of bytes that are not the expected ones. */
export function bundleDiffers(bundle: Bundle, expected: string, found: string): UserError {
  return new UserError("BUNDLE_SHA256_MISMATCH", {
    happened: `${bundle.label} has the SHA-256 ${found}; bundle-sha256 asks for ${expected}. No tag was written.`,
    next: "Transfer the bundle again; if it still differs, compare bundle-sha256 with what Poolside published.",
  });
}

function noDigestOfFolder(label: string): UserError {
  return new UserError("BUNDLE_SHA256_MISMATCH", {
    happened: `bundle-sha256 is set, and ${label} is a folder, which has no SHA-256.`,
    next: "Leave bundle-sha256 out, or give the archive as Poolside sent it instead of the extracted folder.",
  });
}
