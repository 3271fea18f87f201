import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The files through which a step talks to GitHub's runner. */
export interface RunnerFiles {
  readonly output: string;
  readonly state: string;
  readonly summary: string;
  readonly environment: string;
  readonly path: string;
}

/** Fresh, empty files for one step below `folder`. */
export function layFiles(folder: string): RunnerFiles {
  const place = join(folder, "_runner_file_commands", randomUUID());
  mkdirSync(place, { recursive: true });
  const file = (name: string) => {
    const path = join(place, name);
    writeFileSync(path, "");
    return path;
  };
  return {
    output: file("output"),
    state: file("state"),
    summary: file("summary"),
    environment: file("env"),
    path: file("path"),
  };
}

/** Reads `name=value` lines and heredocs as the runner does; throws where the runner would fail the step. */
export function readKeyValues(path: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  const lines = readFileSync(path, "utf8").split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    if (line === "") continue;
    const heredoc = line.indexOf("<<");
    const equals = line.indexOf("=");
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      values[line.slice(0, equals)] = line.slice(equals + 1);
    } else if (heredoc >= 0) {
      const delimiter = line.slice(heredoc + 2);
      const end = lines.indexOf(delimiter, at + 1);
      if (delimiter === "" || end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`);
      values[line.slice(0, heredoc)] = lines.slice(at + 1, end).join("\n");
      at = end;
    } else {
      throw new Error(`Invalid format '${line}'`);
    }
  }
  return values;
}
