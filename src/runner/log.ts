import type { Finding, Log } from "../action/context.ts";
import type { Masks } from "./masks.ts";
import { neutralise } from "./neutral.ts";
import type { Printer } from "./printer.ts";

/** GitHub shows ten annotations of a type per step; the last error is kept for the failure itself, the rest stay lines of the log. */
const annotationLimits = { warning: 10, error: 9 } as const;

/** The log of a step: lines, groups that always close and are never empty, findings told once; nothing in it is a secret or a command. */
export function createLog(masks: Masks, printer: Printer): Log {
  const annotations = { warning: 0, error: 0 };
  const told = new Set<string>();
  let group: { readonly title: string; open: boolean } | undefined;
  const clean = (text: string) => neutralise(masks.apply(text));
  const close = () => {
    if (group?.open) printer.closeGroup();
    group = undefined;
  };
  /** A group opens with its first line. */
  const enter = () => {
    if (!group || group.open) return;
    group.open = true;
    printer.openGroup(clean(group.title));
  };
  return {
    info(line) {
      enter();
      printer.line(clean(line));
    },
    debug: (line) => printer.debug(clean(line)),
    finding(finding: Finding) {
      const { code, level, at } = finding;
      const [happened, next] = [clean(finding.happened), clean(finding.next)];
      const key = [level, code, happened, next, at?.file, at?.line, at?.column].join("\n");
      if (told.has(key)) return;
      told.add(key);
      enter();
      annotations[level] += 1;
      if (annotations[level] > annotationLimits[level]) printer.line(`${level}: ${code}: ${happened}\n${next}`);
      else printer.finding({ ...finding, happened, next });
    },
    async group(title, body) {
      close();
      const own = { title, open: false };
      group = own;
      try {
        return await body();
      } finally {
        if (group === own) close();
      }
    },
  };
}
