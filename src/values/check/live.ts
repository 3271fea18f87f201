import type { Finding } from "../../action/context.ts";
import { alb } from "../annotations.ts";
import { type Values, valueAt } from "../merge.ts";
import type { Places } from "../places.ts";

/** Settings whose change makes another load balancer with another address. */
const moving = ["scheme", "group.name"];

/** What the change from the live values costs. */
export function liveFindings(values: Values, live: Values | undefined, places: Places): readonly Finding[] {
  if (!live) return [];
  return moving.flatMap((name): readonly Finding[] => {
    const path = ["ingress", "annotations", alb + name];
    const [from, to] = [valueAt(live, ...path), valueAt(values, ...path)];
    if (from === undefined || from === to) return [];
    return [
      {
        code: "VALUES_ADDRESS_CHANGES",
        level: "warning",
        happened: `${alb}${name} changes from ${String(from)} to ${String(to)}: that makes a new load balancer with a new address.`,
        next: "Plan for DNS to follow: until it does, clients reach the old load balancer, which goes away.",
        at: places(path),
      },
    ];
  });
}
