import type { Contract } from "../action/contract.ts";

/** Outputs as data: JSON, numbers and flags as what they are; null where an output is empty. */
export function outputsAsData(
  texts: Readonly<Record<string, string>>,
  outputs: Contract["outputs"],
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      if (text === "") return [name, null];
      const type = outputs[name]?.type ?? "text";
      return [name, type === "text" ? text : JSON.parse(text)];
    }),
  );
}
