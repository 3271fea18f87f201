import { parse } from "yaml";

/** Only these can differ; the rest need not be read a second time. */
const suspicious = /^(?:y|n|yes|no|on|off|[-+]?\.?\d[-+.:\w]{0,40})$/i;

/**
 * What is wrong with a plain scalar that YAML 1.1 (which helm and many tools read) and YAML 1.2 (which this file is) take for different things,
 * or that loses digits as a number; nothing when it is unambiguous. Dates are text in both worlds that matter here.
 */
export function plainTrap(source: string, value: unknown): string | undefined {
  if (typeof value === "number") return numberTrap(source, value);
  if (typeof value !== "string" || !suspicious.test(source)) return undefined;
  const old: unknown = readAs11(source);
  if (old === value || old instanceof Date) return undefined;
  const otherwise = typeof old === "boolean" ? `write ${old}, or "${source}" in quotes` : `write "${source}" in quotes`;
  return `${source} means ${JSON.stringify(old)} to some readers of YAML and text to others: ${otherwise}`;
}

function numberTrap(source: string, value: number): string | undefined {
  if (!Number.isFinite(value)) return `${source} is no finite number; write it in quotes if text is meant`;
  const digits = source.replace(/^[-+]/, "");
  if (/^0\d/.test(digits)) return `${source} would lose its leading zero as a number: write "${source}" in quotes`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `${source} is too long for a number and would lose digits: write "${source}" in quotes`;
  return undefined;
}

function readAs11(source: string): unknown {
  try {
    return parse(source, { version: "1.1" });
  } catch {
    return source;
  }
}
