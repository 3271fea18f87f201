import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { layers } from "./layers.ts";

/** Types are stripped and code is compiled once, not in every process that a test starts. */
process.env["NODE_COMPILE_CACHE"] ??= resolve(import.meta.dirname, "../.cache/node");

/** Tests that kill processes and watch pods on a clock may be tried once more where nobody looks on. */
const retry = process.env["CI"] ? 1 : 0;

/** They import JSON as bundlers do; Node itself refuses that. */
const githubPackages = [/@actions\/(workflow-parser|languageservice)/];

/** One project for each layer. A layer's files run one after another, but where it says otherwise. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    maxWorkers: 1,
    projects: layers.map(({ name }) => ({
      test: {
        name,
        include: [`${name}/**/*.test.ts`],
        testTimeout: 180_000,
        hookTimeout: 180_000,
        setupFiles: ["../test/support/equal-bytes.ts"],
        retry,
        server: { deps: { inline: githubPackages } },
      },
    })),
  },
});
