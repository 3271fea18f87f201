import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cached, nameOf } from "./cache.ts";
import { run } from "./run.ts";

/** A program of a Go module. */
export interface GoProgram {
  /** Import path of its package. */
  readonly path: string;
  readonly version: string;
}

const build = ["-trimpath", "-buildvcs=false"] as const;

/** Path of a program of a public Go module, built at the first call. */
export async function goInstall({ path, version }: GoProgram): Promise<string> {
  const name = programName(path);
  const folder = await cached(`${name}-${version}`, async (target) => {
    await run("go", ["install", ...build, "-ldflags=-s -w", `${path}@${version}`], {
      env: { GOBIN: target, CGO_ENABLED: "0" },
    });
  });
  return join(folder, name);
}

/** Path of the program that a folder with a go.mod and go.sum makes, built when one of its files has changed. */
export async function goBuild(folder: string, name: string, ldflags: string): Promise<string> {
  const files = readdirSync(folder).filter((file) => file.endsWith(".go") || file.startsWith("go."));
  const key = nameOf(ldflags, ...files.flatMap((file) => [file, readFileSync(join(folder, file))]));
  const made = await cached(`${name}-${key}`, async (target) => {
    await run("go", ["build", ...build, `-ldflags=-s -w ${ldflags}`, "-o", join(target, name), "."], {
      cwd: folder,
      env: { CGO_ENABLED: "0" },
    });
  });
  return join(made, name);
}

/** `go install` names a program by its path's last part that is no major version. */
function programName(path: string): string {
  return path.split("/").findLast((part) => !/^v\d+$/.test(part)) ?? path;
}
