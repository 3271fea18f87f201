import type { Secret } from "../action/secret.ts";
import type { Baseline } from "./regression.ts";
import type { Patience } from "./request.ts";

/** A minute without a byte, five in all. */
export const usualPatience: Patience = { silence: 60_000, total: 300_000 };

/** How a smoke test is done; times are milliseconds. */
export interface SmokeSettings {
  readonly key: Secret | undefined;
  /** Whether the server must refuse requests without the key. */
  readonly expectAuth: boolean;
  readonly deadline: number;
  /** How long one request may take. */
  readonly patience: Patience;
  /** Host -> address (with an optional port) to connect to instead of what DNS says. */
  readonly resolve: Readonly<Record<string, string>>;
  /** All trusted roots as PEM, the system's included; empty: the system's only. */
  readonly roots: readonly string[];
  readonly prompt: string;
  /** Regular expression per model type that an answer must match. */
  readonly expect: Readonly<Record<string, string>>;
  readonly samples: number;
  readonly thresholds: Thresholds;
  /** Ask agent models to call a tool. */
  readonly tools: boolean;
  /** Timings that were proven earlier. */
  readonly baseline: Baseline | undefined;
  /** Percent by which a median may be worse than the baseline's; absent: shown, not judged. */
  readonly maxRegression: number | undefined;
  readonly openPaths: "completions" | "all" | "none";
}

/** Bounds on the medians; absent: not judged. */
export interface Thresholds {
  readonly "first-token-ms"?: number;
  readonly "tokens-per-second"?: number;
  readonly "total-ms"?: number;
}
