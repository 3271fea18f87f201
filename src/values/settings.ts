import type { SpecFinder } from "../action/contract.ts";
import type { SourceRef } from "../action/references.ts";
import type { Aws } from "../aws/session.ts";
import type { ClusterChoice } from "../cluster/connect.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import type { Values } from "./merge.ts";
import type { WantedModel } from "./model.ts";

/** What render-values is told: the inputs of its contract that the room works with. */
export interface RenderSettings extends ClusterChoice {
  readonly bundle: SourceRef | undefined;
  readonly chart: SourceRef | undefined;
  readonly registry: string | undefined;
  readonly imageDigests: PushedImages;
  readonly prefixes: Readonly<Record<string, string>>;
  readonly identityValues: Values;
  readonly models: readonly WantedModel[];
  readonly certificateArn: string | undefined;
  readonly scheme: "internal" | "internet-facing";
  readonly groupName: string;
  readonly httpRedirect: boolean;
  readonly authenticationSecret: string;
  readonly values: Values;
  readonly allowPublicWithoutKey: boolean;
  readonly checkAws: boolean;
  readonly namespace: string;
  readonly release: string;
  readonly helmVersion: string;
  readonly output: string;
  readonly only: readonly string[];
  readonly environment: string | undefined;
  readonly records: string | undefined;
  /** A release record whose proven sources hold instead of the spec's. */
  readonly fromRecord: string | undefined;
}

/** What it works through. */
export interface RenderMeans {
  /** Signs in at the first call. */
  readonly aws: () => Promise<Aws>;
  /** The spec, for what stands only there, and for the lines of findings. */
  readonly find: SpecFinder;
  /** Codes and words of findings that were told already: a chain plans twice. */
  readonly told: Set<string>;
}
