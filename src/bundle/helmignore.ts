import { unusable } from "./chart.ts";

/** One line of a `.helmignore`. */
interface Rule {
  readonly negated: boolean;
  readonly foldersOnly: boolean;
  /** Whether a path below the chart matches. */
  matches(path: string): boolean;
}

/** What helm leaves out of every chart folder. */
const always = "templates/.?*";

/**
 * Tells which files of a chart's folder helm leaves out: those that its `.helmignore` names, by helm's own rules, which are not git's. `text` is that file's, where there is one. A chart that comes as
 * `.tgz` was packed by these rules already. `CHART_INVALID` where helm refuses a pattern.
 */
export function helmIgnores(text: string | undefined, label: string): (path: string) => boolean {
  const lines = (text ?? "").replace(/^\ufeff/, "").split(/\r?\n/);
  const rules = [...lines, always].flatMap((line) => ruleOf(line.trim(), label) ?? []);
  return (path) => {
    const parts = path.split("/");
    // A folder that is left out takes all below it along.
    return parts.some((_, at) => ignored(parts.slice(0, at + 1).join("/"), at < parts.length - 1, rules));
  };
}

function ruleOf(line: string, label: string): Rule | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  if (line.includes("**"))
    throw unusable(label, `its .helmignore has the pattern ${line}, and helm takes no double star`);
  const negated = line.startsWith("!");
  const foldersOnly = line.endsWith("/");
  const pattern = line.slice(negated ? 1 : 0, foldersOnly ? -1 : undefined);
  const whole = pattern.replace(/^\//, "");
  const glob = globOf(whole, label);
  const byPath = pattern.includes("/");
  return { negated, foldersOnly, matches: (path) => glob.test(byPath ? path : path.slice(path.lastIndexOf("/") + 1)) };
}

/** The first rule decides; a negated one leaves out whatever it does not match. */
function ignored(path: string, folder: boolean, rules: readonly Rule[]): boolean {
  for (const { negated, foldersOnly, matches } of rules) {
    const hit = (folder || !foldersOnly) && matches(path);
    if (hit !== negated) return true;
  }
  return false;
}

/** A pattern of Go's filepath.Match: `*` and `?` stop at slashes, classes are negated by `^`, a backslash takes the next character as it is. */
function globOf(pattern: string, label: string): RegExp {
  const source = pattern.replace(
    /\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|([*?])|(.)/gsu,
    (_, escaped, not, set, wild, char) => {
      if (set !== undefined) return `(?!/)[${not}${set.replace(/\\?([^\\-])/gsu, classCharacter)}]`;
      if (wild !== undefined) return wild === "*" ? "[^/]*" : "[^/]";
      return literal(escaped ?? char);
    },
  );
  try {
    if (/(^|[^\\])\[[^\]]*$|\\$/.test(pattern)) throw new SyntaxError("it is not closed");
    return new RegExp(`^${source}$`, "su");
  } catch (cause) {
    throw unusable(
      label,
      `its .helmignore has the pattern ${pattern}, which is none (${(cause as Error).message})`,
      cause,
    );
  }
}

function classCharacter(_: string, char: string): string {
  return /[\]\\^[]/.test(char) ? `\\${char}` : char;
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/u, "\\$&");
}
