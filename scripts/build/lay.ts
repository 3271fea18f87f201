import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A package as the bundle shall find it instead of the installed one: `files` by path, `exports` as package.json has them. */
export interface Laid {
  readonly name: string;
  readonly exports: string | Readonly<Record<string, string>>;
  readonly files: ReadonlyMap<string, string>;
}

/** Lays a narrowed package below the compiled sources, where resolution finds it first, with the name, version and licence of the installed one. Gives its folder. */
export function layPackage(root: string, below: string, { name, exports, files }: Laid): string {
  const from = join(root, "node_modules", name);
  const to = join(below, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  put(join(to, "package.json"), `${JSON.stringify({ name, version, license, type: "module", exports }, null, 2)}\n`);
  for (const [path, content] of files) put(join(to, path), content);
  for (const text of ["LICENSE", "LICENSE.md"])
    if (existsSync(join(from, text))) cpSync(join(from, text), join(to, text));
  return to;
}

function put(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** A module whose exports throw as soon as they are used. */
export function missing(names: readonly string[]): string {
  return names
    .map((each) => `export function ${each}() {\n  throw new Error("${each} is not part of this bundle");\n}\n`)
    .join("");
}
