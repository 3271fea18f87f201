import type { Finding } from "../../action/context.ts";
import { alb } from "../annotations.ts";
import type { Values } from "../merge.ts";
import { isMap } from "../model.ts";
import type { Places } from "../places.ts";

/**
 * A load balancer that the internet reaches, in front of models that ask for no key: refused unless acknowledged. `values` are the finished ones
 * over the chart's defaults; what counts is what they say in the end, wherever it came from.
 */
export function publicFindings(values: Values, acknowledged: boolean, places: Places): readonly Finding[] {
  if (!anywhere(values, (key, value) => key === `${alb}scheme` && String(value).trim() === "internet-facing"))
    return [];
  const top = values["authentication"];
  const unguarded = !isMap(top) || anywhere(values, (key, value) => key === "authentication" && !asksForKey(value));
  if (!unguarded) return [];
  return [
    {
      code: "VALUES_PUBLIC_WITHOUT_KEY",
      level: acknowledged ? "warning" : "error",
      happened: "The load balancer is internet-facing, and the models ask for no API key: anybody could use them.",
      next: acknowledged
        ? "It was acknowledged with allow-public-without-key."
        : "Set authentication.secretName, or ingress.scheme: internal; to do it all the same: allow-public-without-key: true.",
      at: places(["authentication", "secretName"]),
    },
  ];
}

function asksForKey(authentication: unknown): boolean {
  const name = isMap(authentication) ? authentication["secretName"] : undefined;
  return typeof name === "string" && name.trim() !== "";
}

/** Whether any key of the tree, at any depth, satisfies `test`. */
function anywhere(value: unknown, test: (key: string, value: unknown) => boolean): boolean {
  if (Array.isArray(value)) return value.some((item) => anywhere(item, test));
  if (!isMap(value)) return false;
  return Object.entries(value).some(([key, item]) => test(key, item) || anywhere(item, test));
}
