import { UserError } from "../errors.ts";

/** Major, minor and patch. */
export type Version = readonly [number, number, number];

/** Reads `v3.17.2+gcc0bbbd`, `4.2` or `3`; what is missing counts as 0. `undefined` for anything else. */
export function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:[-+].*)?$/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0)] : undefined;
}

export function versionText(version: Version): string {
  return version.join(".");
}

/** Negative when `a` is older than `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

export function atLeast(version: Version, major: number, minor: number): boolean {
  return compareVersions(version, [major, minor, 0]) >= 0;
}

/** Whether a version is in a range. */
export type Range = (version: Version) => boolean;

/** Reads comparators that must all hold (`>=3.12 <4`); a bare version holds for all that begin with it (`3`, `3.17`, `3.17.2`). */
export function parseRange(text: string): Range {
  const parts = text
    .replaceAll(/([<>=]+)\s+/g, "$1")
    .split(/[\s,]+/)
    .filter((part) => part !== "");
  const comparators = parts.map(comparator);
  if (comparators.length === 0 || comparators.includes(undefined)) {
    throw new UserError("HELM_VERSION_RANGE", {
      happened: `helm-version is "${text}", which is no version and no range.`,
      next: "Write a version (3.17.2), or a range such as >=3.12 or >=3.12 <4.",
    });
  }
  return (version) => comparators.every((holds) => holds!(version));
}

function comparator(part: string): Range | undefined {
  const match = /^(>=|<=|>|<|=)?v?(\d+(?:\.\d+){0,2})(?:\.x)?$/.exec(part);
  if (!match) return undefined;
  const [, sign, text = ""] = match;
  const bound = parseVersion(text)!;
  const given = text.split(".").length;
  const same = (version: Version) => bound.slice(0, given).every((number, index) => version[index] === number);
  switch (sign) {
    case ">=":
      return (version) => compareVersions(version, bound) >= 0;
    case "<":
      return (version) => compareVersions(version, bound) < 0;
    case ">":
      return (version) => compareVersions(version, bound) > 0 && !same(version);
    case "<=":
      return (version) => compareVersions(version, bound) <= 0 || same(version);
    default:
      return same;
  }
}
