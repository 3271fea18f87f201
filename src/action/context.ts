import type { Position } from "../errors.ts";
import type { Clock } from "../retry.ts";
import type { Secret } from "./secret.ts";

/** Something worth an annotation: what is wrong, and what to do. */
export interface Finding {
  /** Stable, from a room's catalogue. */
  readonly code: string;
  readonly level: "warning" | "error";
  readonly happened: string;
  readonly next: string;
  readonly at?: Position;
}

/** What happens while an action works: the one source of progress lines and timelines. */
export type Event =
  /** Bytes (or items) moved so far of a long piece of work; `task` names it (`images`, `checkpoints`). */
  | {
      readonly kind: "progress";
      readonly task: string;
      readonly done: number;
      readonly total: number | undefined;
      readonly unit: "bytes" | "items";
    }
  /** A subject (a model, an image, a check) entered a phase (`downloading`); with `last` nothing follows (`ready`), so no time is spent in it. */
  | {
      readonly kind: "phase";
      readonly subject: string;
      readonly phase: string;
      readonly detail?: string;
      readonly last?: boolean;
    }
  /** A request is tried again. */
  | {
      readonly kind: "retry";
      readonly what: string;
      readonly attempt: number;
      readonly delay: number;
      readonly reason: string;
    };

/** The log. A line is what happened, once; foreign text is neutralised by the runner. */
export interface Log {
  info(line: string): void;
  debug(line: string): void;
  /** A line and an annotation. */
  finding(finding: Finding): void;
  /** Runs `body` with its lines under `title`. Groups do not nest: an inner one ends the outer. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
}

/** What the environment says, read once. */
export interface Ambient {
  /** `AWS_REGION`, else `AWS_DEFAULT_REGION`. */
  readonly region: string | undefined;
  /** Folder that relative paths start from (`GITHUB_WORKSPACE`, else the working directory). */
  readonly workspace: string;
  /** Folder for our files that outlive a step, but not the job (`RUNNER_TEMP`, else the system's). */
  readonly temp: string;
  readonly home: string;
  /** `PATH`. */
  readonly path: string;
  /** `KUBECONFIG`. */
  readonly kubeconfig: string | undefined;
  /** `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in either case of letters. */
  readonly proxy: {
    readonly https: string | undefined;
    readonly http: string | undefined;
    readonly none: string | undefined;
  };
  /** Files with extra roots: `NODE_EXTRA_CA_CERTS`, `AWS_CA_BUNDLE`. */
  readonly extraRoots: readonly string[];
  /** GitHub's token endpoint, where the job has `id-token: write`. */
  readonly oidc: { readonly url: string; readonly token: Secret } | undefined;
  /** Who runs this; `url` names the holder of a Lease. */
  readonly run: {
    readonly url: string;
    readonly id: string;
    readonly repository: string;
    readonly actor: string;
    readonly sha: string;
    /** What started it: `schedule`, `workflow_dispatch`, ...; absent outside GitHub. */
    readonly event?: string;
  };
  /** The value of a variable that an input names (`env:NAME`); masked by the time it is returned. */
  named(name: string): Secret | undefined;
}

/** What domain code is given. */
export interface Context {
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly ambient: Ambient;
  emit(event: Event): void;
  /** From now on `value` is shown as `***` wherever the runner prints. */
  mask(value: string): void;
  /** Kept for the post step, should this process be killed. Never a secret. */
  remember(key: string, value: string): void;
}
