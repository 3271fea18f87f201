import * as core from "@actions/core";
import type { Finding, Log } from "../action/context.ts";
import type { Masks } from "./masks.ts";
import { neutralise } from "./neutral.ts";

/** GitHub shows ten annotations of a type per step; the rest stay lines of the log. */
const annotationLimit = 10;

/** The log of a step: lines, groups that always close, annotations with file and line; nothing in it is a secret or a command. */
export function createLog(masks: Masks): Log {
  const annotations = { warning: 0, error: 0 };
  let group: string | undefined;
  const clean = (text: string) => neutralise(masks.apply(text));
  const close = () => {
    if (group !== undefined) core.endGroup();
    group = undefined;
  };
  return {
    info: (line) => core.info(clean(line)),
    debug: (line) => core.debug(clean(line)),
    finding(finding: Finding) {
      const text = clean(`${finding.happened}\n${finding.next}`);
      annotations[finding.level] += 1;
      if (annotations[finding.level] > annotationLimit) return core.info(`${finding.level}: ${finding.code}: ${text}`);
      const { at } = finding;
      const place = at ? { file: at.file, startLine: at.line, startColumn: at.column } : {};
      const tell = finding.level === "error" ? core.error : core.warning;
      tell(text, { title: finding.code, ...place });
    },
    async group(title, body) {
      close();
      group = title;
      core.startGroup(clean(title));
      try {
        return await body();
      } finally {
        if (group === title) close();
      }
    },
  };
}
