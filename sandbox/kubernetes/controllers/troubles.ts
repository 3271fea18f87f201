import type { Pod } from "../types.ts";

/** What can be made to go wrong on the nodes. */
export type Trouble =
  /** The image cannot be pulled, with the runtime's words. */
  | { readonly kind: "pull"; readonly message?: string }
  /** The model-downloader prints these lines and ends with code 1. */
  | { readonly kind: "init-crash"; readonly lines?: readonly string[] }
  /** The download gets so far (0 to 1) and then no byte more. */
  | { readonly kind: "download-stalls"; readonly at: number }
  /** The download takes so many times as long. */
  | { readonly kind: "slow-download"; readonly factor: number }
  /** The kernel kills the model server while it loads. */
  | { readonly kind: "oom" }
  /** The model server prints these lines and ends with code 1 while it loads. */
  | { readonly kind: "crash"; readonly lines?: readonly string[] }
  /** The model server says nothing more, and never ends, while it loads. */
  | { readonly kind: "load-stalls" }
  /** The server runs, but its readiness probe fails. */
  | { readonly kind: "never-ready" };

export type TroubleKind = Trouble["kind"];

interface Armed {
  readonly trouble: Trouble;
  readonly pods: RegExp;
  left: number;
}

/** Levers for tests: troubles by pod name, for a number of occurrences or until cleared. */
export class Troubles {
  private armed: Armed[] = [];

  /** Lets `trouble` happen to pods whose `namespace/name` matches, `times` times (without end). Returns how to end it. */
  add(trouble: Trouble, pods: RegExp, times = Number.POSITIVE_INFINITY): () => void {
    const entry = { trouble, pods, left: times };
    this.armed.push(entry);
    return () => {
      this.armed = this.armed.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.armed = [];
  }

  /** The trouble of this kind that holds for the pod now; counts it. */
  strike<K extends TroubleKind>(kind: K, pod: Pod): Extract<Trouble, { kind: K }> | undefined {
    const subject = `${pod.metadata.namespace}/${pod.metadata.name}`;
    const entry = this.armed.find(({ trouble, pods, left }) => trouble.kind === kind && left > 0 && pods.test(subject));
    if (!entry) return undefined;
    entry.left -= 1;
    return entry.trouble as Extract<Trouble, { kind: K }>;
  }
}
