import type { InputSources } from "../action/load.ts";
import type { Goal } from "./goal.ts";
import type { PlacedImage } from "./plan.ts";

/** What the report of an earlier push says. */
export interface Earlier {
  readonly goals: readonly Goal[];
  /** What was read, as it may be shown. */
  readonly bundle: string;
  /** Place of the chart; empty where the bundle had none. */
  readonly chart: string;
  readonly chartSha256: string;
  /** Stands for a compressed bundle; empty for others. */
  readonly identity: string;
  readonly bundleDir: string;
  /** Where it was told, for people. */
  readonly origin: string;
}

/** The push of an earlier job of the same run, found in `reports`; what it says is compared with the registry like anything else. */
export function earlierPush({ report }: Pick<InputSources, "report">): Earlier | undefined {
  const images = report("push-images.images");
  if (!images || typeof images.value !== "object" || images.value === null) return undefined;
  const text = (output: string) => String(report(`push-images.${output}`)?.value ?? "");
  const goals = Object.entries(images.value as Record<string, PlacedImage>).map(
    ([name, { repository, tag, digest, size }]): Goal => ({
      name,
      repository,
      tag,
      digest,
      ...(size === undefined ? {} : { size }),
    }),
  );
  return {
    goals,
    bundle: text("bundle"),
    chart: text("chart"),
    chartSha256: text("chart-sha256"),
    identity: text("bundle-identity"),
    bundleDir: text("bundle-dir"),
    origin: images.origin,
  };
}
