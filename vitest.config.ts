import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { kubernetesClientFiles, narrowKubernetesClient } from "./test/support/kubernetes-client.ts";

/** GitHub's parser and language service import JSON as bundlers do; Node itself refuses that. */
const githubPackages = [/@actions\/(workflow-parser|languageservice)/];

/** Tests that kill processes and watch pods on a clock meet a busy machine now and then; what fails twice in a row in CI is a defect. Elsewhere once is enough. */
const retry = process.env["CI"] ? 1 : 0;

/** Types are stripped and code is compiled once, not in every process that a test starts. */
process.env["NODE_COMPILE_CACHE"] ??= resolve(import.meta.dirname, ".cache/node");

const setupFiles = ["test/support/equal-bytes.ts"];

/** Slow suites run after the quick ones; every project runs in plain Node, no transforms beyond type stripping. */
export default defineConfig({
  // `npm ci` empties node_modules. How long each file took orders the next run, the longest first, and what was transformed need not be again.
  cacheDir: ".cache/vite",
  test: {
    fsModuleCachePath: ".cache/vitest-modules",
    // Most of a slow test is waiting for other processes and for pods on a clock, so more of them than cores run at once.
    maxWorkers: 4,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          setupFiles,
          testTimeout: 30_000,
          server: { deps: { inline: githubPackages } },
        },
      },
      {
        plugins: [narrowKubernetesClient()],
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          globalSetup: "test/support/bundles.ts",
          setupFiles: [...setupFiles, "test/support/slow-hash.ts"],
          server: { deps: { inline: [kubernetesClientFiles] } },
          retry,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: { name: "dist", include: ["test/dist/**/*.test.ts"], retry, testTimeout: 180_000, hookTimeout: 180_000 },
      },
    ],
  },
});
