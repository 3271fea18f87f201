import { timestamp } from "../objects.ts";
import type { Condition } from "../types.ts";

/** Sets a condition; its transition time moves only when its status does. Returns the new list. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  condition: Pick<Condition, "type" | "status" | "reason" | "message">,
  now: number,
): Condition[] {
  const list = conditions ?? [];
  const before = list.find(({ type }) => type === condition.type);
  const time = timestamp(now);
  const next: Condition = {
    ...condition,
    lastTransitionTime: before?.status === condition.status ? (before.lastTransitionTime ?? time) : time,
  };
  return before ? list.map((one) => (one === before ? next : one)) : [...list, next];
}

/** Whether the condition holds. */
export function holds(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((one) => one.type === type && one.status === "True") ?? false;
}
