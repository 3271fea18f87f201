import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A `helm` for PATH that writes its arguments down and then becomes the real one, or fails as it was told. */
export interface HelmWrapper {
  /** Folder for PATH. */
  readonly folder: string;
  /** All arguments of all calls so far. */
  argv(): string;
  /** Lets `helm install` and `helm upgrade` print a shell script's output to standard error and end with code 1; undefined: no longer. */
  fail(script: string | undefined): void;
}

/** Lays the wrapper below `place`; `tools` has the real helm. */
export function wrapHelm(place: string, tools: string): HelmWrapper {
  const folder = join(place, "helm-wrapper");
  const [log, failure] = [join(folder, "argv"), join(folder, "failure.sh")];
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "helm");
  writeFileSync(
    path,
    [
      "#!/bin/sh",
      `printf '%s\\n' "$@" >> '${log}'`,
      `case "$1" in install|upgrade) if [ -e '${failure}' ]; then . '${failure}' >&2; exit 1; fi;; esac`,
      `exec '${join(tools, "helm")}' "$@"`,
      "",
    ].join("\n"),
  );
  chmodSync(path, 0o755);
  return {
    folder,
    argv: () => (existsSync(log) ? readFileSync(log, "utf8") : ""),
    fail(script) {
      if (script === undefined) rmSync(failure, { force: true });
      else writeFileSync(failure, script);
    },
  };
}
