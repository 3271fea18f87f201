/**
 * Builds dist/: `tsc` to build/, one library bundle by ncc, and a stub per action. `--check` builds elsewhere and compares byte for byte.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { transformSync } from "esbuild";
import { actionNames } from "../src/action-names.ts";
import { narrowActionsCore } from "./build/actions-core.ts";
import { narrowAwsClients } from "./build/aws-clients.ts";
import { narrowKubernetesClient } from "./build/kubernetes-client.ts";

const root = resolve(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules/.bin", name);

/** The same stub serves main and post; the library loads what the action needs. */
function stub(name: string): string {
  return `import { main } from "./index.js";\n\nawait main("${name}");\n`;
}

/** What a thread runs: a bundle of its own, beside the library, small because each thread loads all of it. */
const thread = "transfer/sending-thread.js";

/** The command line, outside GitHub; npm links it as `eks-deploy`. */
const cliStub = `#!/usr/bin/env node\nimport { cli } from "./index.js";\n\nawait cli(process.argv.slice(2));\n`;

function build(target: string): void {
  const compiled = join(root, "build");
  rmSync(compiled, { recursive: true, force: true });
  execFileSync(bin("tsc"), ["-p", "tsconfig.build.json"], { cwd: root, stdio: "inherit" });
  writeFileSync(join(compiled, "package.json"), '{ "type": "module" }\n');
  for (const narrow of [narrowActionsCore, narrowAwsClients, narrowKubernetesClient]) narrow(root, compiled);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const options = ["--out", target, "--license", "licenses.txt", "--quiet"];
  execFileSync(bin("ncc"), ["build", join(compiled, "main.js"), ...options], { cwd: root, stdio: "inherit" });
  execFileSync(bin("ncc"), ["build", join(compiled, thread), "--out", join(compiled, "thread"), "--quiet"], {
    cwd: root,
  });
  cpSync(join(compiled, "thread/index.js"), join(target, basename(thread)));
  for (const name of readdirSync(target).filter((file) => file.endsWith(".js"))) minify(join(target, name));
  for (const name of actionNames) writeFileSync(join(target, `${name}.js`), stub(name));
  writeFileSync(join(target, "cli.js"), cliStub, { mode: 0o755 });
}

/** ncc leaves the chunks of dynamic imports as they are, and they are the larger part. */
function minify(file: string): void {
  const options = { minify: true, format: "esm", target: "node24", legalComments: "none" } as const;
  writeFileSync(file, transformSync(readFileSync(file, "utf8"), options).code);
}

function filesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function differences(built: string, committed: string): readonly string[] {
  const names = new Set([...filesOf(built), ...filesOf(committed)]);
  return [...names].filter((name) => {
    const [left, right] = [join(built, name), join(committed, name)];
    return !existsSync(left) || !existsSync(right) || !readFileSync(left).equals(readFileSync(right));
  });
}

const scratch = mkdtempSync(join(tmpdir(), "eks-deploy-dist-"));
try {
  build(join(scratch, "dist"));
  if (process.argv.includes("--check")) {
    const stale = differences(join(scratch, "dist"), join(root, "dist"));
    if (stale.length > 0) {
      console.error(`dist/ is not what src/ gives (${stale.join(", ")}). Run: npm run build`);
      process.exitCode = 1;
    }
  } else {
    rmSync(join(root, "dist"), { recursive: true, force: true });
    cpSync(join(scratch, "dist"), join(root, "dist"), { recursive: true });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
