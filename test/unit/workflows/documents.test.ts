import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { resolveSpec } from "../../../src/spec/load.ts";
import { anchorsOf, blocksOf, documents, linksOf } from "./documents.ts";
import { exampleFiles, root, textOf } from "./files.ts";
import { findings } from "./language-service.ts";

const blocks = documents.flatMap(blocksOf);

/** A block's YAML documents; throws where it is none. */
function yamlOf(text: string): readonly unknown[] {
  return parseAllDocuments(text).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) throw problem;
    return document.toJS() as unknown;
  });
}

function has(value: unknown, ...keys: readonly string[]): boolean {
  return typeof value === "object" && value !== null && keys.every((key) => key in value);
}

describe.each(documents)("%s", (path) => {
  const own = blocksOf(path);

  it("links only to what is there", () => {
    for (const { to, anchor } of linksOf(path)) {
      expect(existsSync(join(root, to)), to).toBe(true);
      if (anchor && to.endsWith(".md")) expect(anchorsOf(to), `#${anchor} in ${to}`).toContain(anchor);
    }
  });

  it("has YAML and JSON that can be read", () => {
    for (const { language, text } of own) {
      if (language === "yaml") expect(() => yamlOf(text), text).not.toThrow();
      if (language === "json") expect(() => JSON.parse(text), text).not.toThrow();
    }
  });

  it("names the language of every block", () => {
    for (const { language } of own)
      expect(["bash", "hcl", "json", "mermaid", "text", "ts", "yaml"]).toContain(language);
  });
});

describe("a workflow in a document", () => {
  const workflows = blocks.filter(
    ({ language, text }) => language === "yaml" && yamlOf(text).some((value) => has(value, "on", "jobs")),
  );

  it("is there to be checked", () => {
    expect(workflows.length).toBeGreaterThan(4);
  });

  it.each(workflows.map((block) => [block.path, block.text]))(
    "of %s is one that GitHub's language service finds nothing in",
    async (_, text) => {
      expect(await findings(".github/workflows/document.yml", text)).toEqual([]);
    },
  );
});

describe("a spec in a document", () => {
  const specs = blocks.filter(
    ({ language, text }) => language === "yaml" && yamlOf(text).some((value) => has(value, "version", "defaults")),
  );

  it("is there to be checked", () => {
    expect(specs.length).toBeGreaterThan(1);
  });

  it.each(specs.map((block) => [block.path, block.text]))(
    "of %s is valid in each of its environments",
    (path, text) => {
      const { environments } = resolveSpec(text, path, undefined);
      for (const environment of environments) expect(() => resolveSpec(text, path, environment)).not.toThrow();
    },
  );
});

describe("the documentation", () => {
  it("shows every example", () => {
    const linked = new Set(documents.flatMap(linksOf).map(({ to }) => to));
    const unseen = exampleFiles.filter((path) => !linked.has(path) && !linked.has("workflows-examples"));
    expect(unseen).toEqual([]);
  });

  it("is reached from a page, each page of it", () => {
    const linked = new Set(
      documents.flatMap((path) => linksOf(path).filter(({ to }) => to !== path)).map(({ to }) => to),
    );
    expect(
      documents.filter((path) => path.startsWith("docs/") && path !== "docs/README.md" && !linked.has(path)),
    ).toEqual([]);
  });

  it("speaks of commands and inputs under their names", () => {
    const commands = [
      "release",
      "plan",
      "preflight",
      "smoke",
      "promote",
      "rollback",
      "status",
      "diagnose",
      "record",
      "prune",
      "remove",
    ];
    for (const path of documents)
      for (const [, command] of textOf(path).matchAll(/`command: (\w+)`/g)) expect(commands, path).toContain(command);
  });
});
