import type { SpecFinder } from "../action/contract.ts";
import type { Position } from "../errors.ts";

/** Where the spec says what stands at a path of the values; nothing for what came from inputs, reports or ourselves. */
export type Places = (path: readonly string[]) => Position | undefined;

const renamed: Readonly<Record<string, string>> = { model: "prefix", ingressHost: "host" };

/** Finds the line of the spec behind a value: free values first, because they are merged last. */
export function placesIn(find: SpecFinder): Places {
  return (path) => {
    const [first, key, field = "", ...rest] = path;
    const places: (readonly string[])[] = [["values", ...path]];
    if (first === "models" && key !== undefined) {
      places.push(["models", key, "values", field, ...rest]);
      places.push(["models", key, renamed[field] ?? field]);
      places.push(["models", key]);
    }
    if (first === "authentication") places.push(["authentication", "secretName"]);
    if (first === "docs") places.push(["docs", "host"]);
    if (first === "ingress") places.push(path, ["ingress"]);
    for (const place of places) {
      const at = find(place.filter((part) => part !== "").join("."))?.at;
      if (at) return at;
    }
    return undefined;
  };
}
