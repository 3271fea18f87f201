/** One row of the preflight table. */
export interface Check {
  readonly name: string;
  readonly result: "pass" | "warn" | "fail" | "not looked at";
  readonly seen: string;
  /** Set with `warn` and `fail`. */
  readonly code?: string;
  readonly remedy?: string;
}

export function passed(name: string, seen: string): Check {
  return { name, result: "pass", seen };
}

export function notLookedAt(name: string, why: string): Check {
  return { name, result: "not looked at", seen: why };
}

export function warned(name: string, code: string, seen: string, remedy: string): Check {
  return { name, result: "warn", seen, code, remedy };
}

export function failed(name: string, code: string, seen: string, remedy: string): Check {
  return { name, result: "fail", seen, code, remedy };
}
