import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isMap, isSeq, parseDocument } from "yaml";
import { blocksOf, documents } from "../../test/unit/workflows/documents.ts";
import { actionFiles, exampleFiles, root, textOf, workflowFiles } from "../../test/unit/workflows/files.ts";

/** What users of this repository call it. */
export const repository = "poolside/eks-deploy";

/** A workflow or an action.yml, and where it stands. */
export interface Source {
  /** Path in the repository; of a document's block, one that tells the document and the block. */
  readonly path: string;
  readonly text: string;
}

/** Every workflow that users run or copy: ours, the examples, and the ones that the documents show. */
export const workflows: readonly Source[] = [
  ...[...workflowFiles, ...exampleFiles].map((path) => ({ path, text: textOf(path) })),
  ...documents.flatMap(shownBy),
];

/** Every action.yml. */
export const actions: readonly Source[] = actionFiles.map((path) => ({ path, text: textOf(path) }));

/** The workflows in a document's blocks. Jobs or steps that stand alone get what a reader puts around them. */
function shownBy(path: string): readonly Source[] {
  return blocksOf(path)
    .filter(({ language }) => language === "yaml")
    .flatMap(({ text }, index) => {
      const whole = completed(text);
      return whole === undefined
        ? []
        : [{ path: `documents/${path.replaceAll("/", "-")}-${index + 1}.yml`, text: whole }];
    });
}

/** What a reader puts around jobs or steps; `undefined`: the block is no part of a workflow. */
function completed(text: string): string | undefined {
  const { contents } = parseDocument(text);
  const head = "name: Document\non: workflow_dispatch\npermissions: {}\n";
  if (isMap(contents)) {
    if (!contents.has("jobs")) return undefined;
    return contents.has("on") ? text : `${head}${text}`;
  }
  if (!isSeq(contents) || !contents.items.every((step) => isMap(step) && (step.has("uses") || step.has("run"))))
    return undefined;
  const steps = text.replaceAll(/^/gm, "      ");
  return `${head}jobs:\n  document:\n    name: Document\n    permissions: { contents: read }\n    runs-on: ubuntu-24.04\n    timeout-minutes: 9\n    steps:\n${steps}\n`;
}

/** Writes sources below a folder, each changed by `change`. */
export function layOut(
  folder: string,
  sources: readonly Source[],
  change: (text: string) => string = (text) => text,
): void {
  for (const { path, text } of sources) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), change(text));
  }
}

/** Lays out what the actions run: dist/ and what is read beside it. */
export function layPrograms(folder: string): void {
  for (const path of ["dist", "package.json"]) cpSync(join(root, path), join(folder, path), { recursive: true });
}

/** A reference to this repository, `$/...` or by its name, as another one; what stands behind `@` falls away. */
export function pointing(text: string, to: (path: string) => string): string {
  return text.replaceAll(
    new RegExp(`(uses: *["']?)(?:\\$/|${repository}(?:/|(?=@)))([\\w./-]*)(?:@[\\w.-]+)?`, "g"),
    (_, uses: string, path: string) => `${uses}${to(path)}`,
  );
}
