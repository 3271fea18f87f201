import type { Answer } from "./http.ts";
import type { Operation } from "./requests.ts";

/** What happens instead of, or to, the nth matching request. */
export type Effect =
  /** The service answers this and does nothing. */
  | { readonly kind: "answer"; readonly answer: Answer }
  /** The connection is reset before an answer. `after`: once the service has done its work (a lost answer). */
  | { readonly kind: "reset"; readonly after?: boolean }
  /** The body of the answer is cut after so many bytes. */
  | { readonly kind: "cut"; readonly bytes: number }
  /** One byte of the received body is flipped before the service looks at it (a broken wire). */
  | { readonly kind: "corrupt"; readonly at: number }
  /** The answer waits for so many milliseconds. */
  | { readonly kind: "delay"; readonly milliseconds: number }
  /** Test code that runs at this moment; the request then goes on as usual. */
  | { readonly kind: "hook"; readonly run: () => void | Promise<void> };

/** `nth` counts matching requests from 1; `times` says for how many in a row it holds (1). */
export interface Fault {
  readonly service: string;
  readonly operation?: string | RegExp;
  readonly resource?: string | RegExp;
  readonly nth?: number;
  readonly times?: number;
  readonly effect: Effect;
}

/** Scripted faults, by request. */
export class Faults {
  private readonly armed: { fault: Fault; seen: number }[] = [];

  add(fault: Fault): void {
    this.armed.push({ fault, seen: 0 });
  }

  clear(): void {
    this.armed.length = 0;
  }

  /** The effects that hold for this request; counts it. */
  hit(operation: Operation): readonly Effect[] {
    const effects: Effect[] = [];
    for (const entry of this.armed) {
      const { fault } = entry;
      if (fault.service !== operation.service) continue;
      if (!matches(fault.operation, operation.name) || !matches(fault.resource, operation.resource)) continue;
      entry.seen += 1;
      const first = fault.nth ?? 1;
      if (entry.seen >= first && entry.seen < first + (fault.times ?? 1)) effects.push(fault.effect);
    }
    return effects;
  }
}

function matches(pattern: string | RegExp | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === "string" ? pattern === text : pattern.test(text);
}
