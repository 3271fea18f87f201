import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { layPackage } from "./lay.ts";

/** Every import of an SDK client in the compiled sources; each names what it takes. */
const anyImport = /import\("(@aws-sdk\/client-[a-z0-9-]+)"\)/g;
const taken = /\{([^{}]*)\} = await import\("(@aws-sdk\/client-[a-z0-9-]+)"\)/g;
const whole =
  /const (\w+) = await import\("(@aws-sdk\/client-[a-z0-9-]+)"\);((?:(?!(?:const \w+ = )?await import)[\s\S])*)/g;
const member = /\(await import\("(@aws-sdk\/client-[a-z0-9-]+)"\)\)\.(\w+)/g;

/**
 * The SDK's clients with the commands that we call and no others. ncc takes a client's one CommonJS file whole (EC2 alone is 1 MB); from its ES modules
 * esbuild leaves out what nobody names. What several clients share stays outside, so that it is bundled once.
 */
export function narrowAwsClients(root: string, compiled: string): void {
  for (const [name, names] of namesTaken(compiled)) {
    const entry = join(root, "node_modules", name, "dist-es", "index.js");
    const built = buildSync({
      stdin: {
        contents: `export { ${[...names].sort().join(", ")} } from ${JSON.stringify(entry)};`,
        resolveDir: root,
      },
      write: false,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      packages: "external",
      legalComments: "none",
    });
    layPackage(root, compiled, {
      name,
      exports: "./index.js",
      files: new Map([["index.js", built.outputFiles[0]!.text]]),
    });
  }
}

function namesTaken(compiled: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const add = (client: string, name: string) => found.set(client, (found.get(client) ?? new Set()).add(name));
  for (const file of readdirSync(compiled, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js") || file.startsWith("node_modules")) continue;
    const text = readFileSync(join(compiled, file), "utf8");
    const lists = [...text.matchAll(taken)];
    const wholes = [...text.matchAll(whole)];
    const members = [...text.matchAll(member)];
    for (const [, names = "", client = ""] of lists)
      for (const each of names.split(",")) if (each.trim() !== "") add(client, each.trim().split(":")[0]!.trim());
    for (const [, variable = "", client = "", after = ""] of wholes)
      for (const [, each = ""] of after.matchAll(new RegExp(`\\b${variable}\\.(\\w+)`, "g"))) add(client, each);
    for (const [, client = "", each = ""] of members) add(client, each);
    if ([...text.matchAll(anyImport)].length !== lists.length + wholes.length + members.length)
      throw new Error(
        `${file} imports an SDK client in a form that the build does not read; write: const { X } = await import("@aws-sdk/client-y")`,
      );
  }
  return found;
}
