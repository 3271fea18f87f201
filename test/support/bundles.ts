import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { build, type Plugin, stop, transform } from "esbuild";
import type { TestProject } from "vitest/node";
import { narrowActionsCore } from "../../scripts/build/actions-core.ts";
import { narrowAwsClients } from "../../scripts/build/aws-clients.ts";
import { narrowKubernetesClient } from "../../scripts/build/kubernetes-client.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = join(root, ".cache/bundles");
const day = 24 * 60 * 60 * 1000;

/** What tests start in processes of their own. */
const entries = {
  main: "src/main.ts",
  "release-process": "test/integration/release/release-process.ts",
  "deploy-process": "test/integration/deploy/deploy-process.ts",
} as const;

/** What they start in a thread, by its name. */
const thread = "src/transfer/sending-thread.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Paths of the bundles, by entry. */
    readonly bundles: Readonly<Record<keyof typeof entries, string>>;
  }
}

/**
 * Bundles the sources once, before the first test: hundreds of processes then load a few files each instead of two thousand. It is done anew at every
 * run, so that what runs is what the sources say now; dist/ may be older.
 */
export default async function setup({ provide }: TestProject): Promise<void> {
  const narrowed = mkdtempSync(join(tmpdir(), "eks-deploy-narrowed-"));
  try {
    await narrow(narrowed);
    const options = {
      // Names of the output are made of paths from here, which must be the same in the next run.
      absWorkingDir: narrowed,
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node24",
      // A bundled CommonJS module has no named exports for a dynamic import.
      mainFields: ["module", "main"] as string[],
      plugins: [preferring(narrowed)] as Plugin[],
      // CommonJS modules require what Node brings.
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      minifyWhitespace: true,
      legalComments: "none",
      metafile: true,
      write: false,
    } as const;
    const { outputFiles, metafile } = await build({
      ...options,
      entryPoints: Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(root, source)])),
      entryNames: "[name]-[hash]",
      splitting: true,
    });
    const threads = await build({ ...options, entryPoints: [join(root, thread)], entryNames: "[name]" });
    lay([...outputFiles, ...threads.outputFiles]);
    const made = Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint ? [[join(narrowed, entryPoint), join(narrowed, path)] as const] : [],
    );
    const paths = new Map(made);
    const bundles = Object.entries(entries).map(([name, source]) => [name, paths.get(join(root, source))!]);
    provide("bundles", Object.fromEntries(bundles));
  } finally {
    rmSync(narrowed, { recursive: true });
    await stop();
  }
}

/** Lays the packages that dist/ holds in part, without what nobody calls: they are most of what a process would load. */
async function narrow(target: string): Promise<void> {
  const names = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" });
  const strip = async (name: string) => {
    const source = readFileSync(join(root, "src", name), "utf8");
    const { code } = await transform(source, { loader: "ts", target: "node24" });
    writeFileSync(join(target, `${name.replaceAll("/", "-")}.js`), code);
  };
  await Promise.all(names.filter((name) => name.endsWith(".ts")).map(strip));
  for (const each of [narrowActionsCore, narrowAwsClients, narrowKubernetesClient]) each(root, target);
}

/** Takes packages from a folder where they lie in part, all others from where they are installed. */
function preferring(narrowed: string): Plugin {
  const within = { resolveDir: narrowed, kind: "import-statement" } as const;
  return {
    name: "preferring",
    setup({ onResolve, resolve: find }) {
      onResolve({ filter: /^@/ }, ({ path, importer, pluginData }) => {
        if (pluginData === "found" || importer.startsWith(narrowed)) return undefined;
        const name = path.split("/").slice(0, 2).join("/");
        return existsSync(join(narrowed, "node_modules", name))
          ? find(path, { ...within, pluginData: "found" })
          : undefined;
      });
      // What lies there in part imports its dependencies, which lie where they are installed.
      onResolve({ filter: /^[^./]/ }, ({ path, importer, kind, pluginData }) => {
        if (pluginData === "found" || !importer.startsWith(narrowed)) return undefined;
        return find(path, { resolveDir: root, kind, pluginData: "found" });
      });
    },
  };
}

/** A file's name is mostly its content's: runs beside each other share what they have in common, and what Node compiled of it stays good. */
function lay(files: readonly { readonly path: string; readonly contents: Uint8Array }[]): void {
  mkdirSync(folder, { recursive: true });
  const now = new Date();
  for (const { path, contents } of files) {
    if (existsSync(path) && readFileSync(path).equals(contents)) {
      utimesSync(path, now, now);
      continue;
    }
    const written = join(folder, `.${basename(path)}-${randomUUID()}`);
    writeFileSync(written, contents);
    renameSync(written, path);
  }
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < now.getTime() - day) rmSync(path, { force: true });
  }
}
