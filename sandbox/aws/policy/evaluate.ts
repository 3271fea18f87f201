import { type Context, conditionHolds, substitute, wildcard } from "./conditions.ts";
import type { Statement } from "./document.ts";

export type Decision = "allowed" | "explicitDeny" | "implicitDeny";

/** A policy that takes part in a decision; `source` names it in results. */
export interface PolicySet {
  readonly source: string;
  readonly statements: readonly Statement[];
}

export interface Verdict {
  readonly decision: Decision;
  /** Names of the policies with a statement that decided. */
  readonly matched: readonly string[];
  /** Condition keys that a policy asked for and the request lacks. */
  readonly missing: readonly string[];
}

export interface Ask {
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
}

/** Decides one request by identity policies, then by the permissions boundary where there is one. A deny anywhere wins. */
export function decide(identity: readonly PolicySet[], boundary: PolicySet | undefined, ask: Ask): Verdict {
  const own = judge(identity, ask);
  if (!boundary || own.decision === "explicitDeny") return own;
  const bound = judge([boundary], ask);
  const missing = [...new Set([...own.missing, ...bound.missing])];
  if (bound.decision === "explicitDeny") return { ...bound, missing };
  if (own.decision === "allowed" && bound.decision === "allowed") return { ...own, missing };
  return { decision: "implicitDeny", matched: [], missing };
}

function judge(policies: readonly PolicySet[], ask: Ask): Verdict {
  const allowing: string[] = [];
  const denying: string[] = [];
  const missing = new Set<string>();
  for (const { source, statements } of policies)
    for (const statement of statements) {
      if (!covers(statement, ask)) continue;
      const held = statement.conditions.map((condition) => conditionHolds(condition, ask.context));
      for (const { missing: key } of held) if (key) missing.add(key);
      if (held.every(({ holds }) => holds)) (statement.effect === "Deny" ? denying : allowing).push(source);
    }
  if (denying.length > 0) return { decision: "explicitDeny", matched: denying, missing: [...missing] };
  return {
    decision: allowing.length > 0 ? "allowed" : "implicitDeny",
    matched: [...new Set(allowing)],
    missing: [...missing],
  };
}

function covers(statement: Statement, ask: Ask): boolean {
  const action = (pattern: string) => wildcard(pattern, ask.action, true);
  const resource = (pattern: string) => wildcard(substitute(pattern, ask.context), ask.resource);
  const { actions, notActions, resources, notResources } = statement;
  const acts = notActions.length > 0 ? !notActions.some(action) : actions.some(action);
  // A trust policy has no resources: it stands for the role that it hangs on.
  const on =
    notResources.length > 0 ? !notResources.some(resource) : resources.length === 0 || resources.some(resource);
  return acts && on;
}

/** The request context of a call, from plain values; keys are case-insensitive. */
export function contextOf(values: Readonly<Record<string, string | readonly string[] | undefined>>): Context {
  const context = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(values))
    if (value !== undefined) context.set(key.toLowerCase(), typeof value === "string" ? [value] : value);
  return context;
}
