import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../tools/run.ts";
import { byActionlint, byLanguageService, bySchema, byZizmor, type Finding } from "./linters.ts";
import { actions, layOut, layPrograms, pointing, type Source, workflows } from "./sources.ts";

/** A finding that is not mended. */
interface Exception {
  readonly rule: string;
  readonly paths: RegExp;
  readonly message: RegExp;
  /** What the line says; any line when left out. */
  readonly line?: RegExp;
  readonly reason: string;
}

const copied = /^(workflows-examples|documents)\//;

const exceptions: readonly Exception[] = [
  {
    rule: "syntax-check",
    paths: /./,
    message: /^unexpected key "queue" for "concurrency" section/,
    reason:
      "GitHub knows `queue` since May 2026, and its own language service takes it; this version of actionlint is older",
  },
  {
    rule: "runner-label",
    paths: /air-gapped/,
    message: /^label "poolside-vpc" is unknown/,
    reason: "a label of the reader's own runner",
  },
  {
    rule: "unpinned-uses",
    paths: copied,
    message: /./,
    line: /uses: poolside\/eks-deploy/,
    reason: "what users copy names our own v1; docs/how-to/verify.md says how to pin it",
  },
  {
    rule: "self-hosted-runner",
    paths: /air-gapped/,
    message: /./,
    reason: "the example is about a runner inside the VPC, in a repository that takes no pull requests of strangers",
  },
  {
    rule: "unpinned-images",
    paths: /\/ci\.yml$/,
    message: /^unpinned image references$/,
    reason: "the job that measures has no secret and may only read, and the tag brings Debian's fixes",
  },
  {
    rule: "undocumented-permissions",
    paths: /^documents\//,
    message: /./,
    reason: "the text around it says what they are for; the examples say it beside each",
  },
  {
    rule: "anonymous-definition",
    paths: /^documents\//,
    message: /./,
    reason: "a document shows what matters, in few lines",
  },
  {
    rule: "concurrency-limits",
    paths: /^documents\/docs-how-to-(plan-pull-requests|verify)/,
    message: /./,
    reason: "a plan writes nothing, and the other shows one line only",
  },
];

const texts = new Map([...workflows, ...actions].map(({ path, text }) => [path, text.split("\n")]));

function excepts({ rule, paths, message, line = /^/ }: Exception, finding: Finding): boolean {
  const said = texts.get(finding.path)?.[finding.line - 1] ?? "";
  return rule === finding.rule && paths.test(finding.path) && message.test(finding.message) && line.test(said);
}

/** Findings that no exception names, as one line each. */
function open(findings: readonly Finding[], seen = new Set<Exception>()): readonly string[] {
  const unexcepted = findings.filter((finding) => {
    const exception = exceptions.find((one) => excepts(one, finding));
    if (exception) seen.add(exception);
    return exception === undefined;
  });
  return unexcepted.map(({ path, line, rule, message }) => `${path}:${line}: ${rule}: ${message}`);
}

let folder: string;
const used = new Set<Exception>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-lint-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A repository with the sources in it, that names itself `./`: actionlint knows no `$/`, and reads nothing of others. */
async function repositoryOf(name: string, sources: readonly Source[]): Promise<string> {
  const place = join(folder, name);
  layOut(place, sources, (text) => pointing(text, (path) => `./${path}`));
  layPrograms(place);
  await run("git", ["init", "-q", place]);
  return place;
}

const pathsOf = (sources: readonly Source[]) => sources.map(({ path }) => path);

describe("our workflows, the examples, the documents' workflows and every action.yml", () => {
  it("are all there", () => {
    expect(workflows.filter(({ path }) => path.startsWith("documents/")).length).toBeGreaterThan(6);
    expect(actions.length).toBe(8);
  });

  it("satisfy GitHub's language service", async () => {
    expect(open(await byLanguageService([...workflows, ...actions]), used)).toEqual([]);
  });

  it("satisfy actionlint, which reads our actions' inputs and outputs", async () => {
    const place = await repositoryOf("actionlint", [...workflows, ...actions]);
    expect(open(await byActionlint(place, pathsOf(workflows)), used)).toEqual([]);
  });

  it("satisfy zizmor's auditor", async () => {
    const place = join(folder, "zizmor");
    layOut(place, [...workflows, ...actions]);
    expect(open(await byZizmor(place, pathsOf([...workflows, ...actions])), used)).toEqual([]);
  });

  it("satisfy SchemaStore's schemas", async () => {
    const place = join(folder, "schema");
    layOut(place, [...workflows, ...actions]);
    expect(open(await bySchema(place, "github-workflows", pathsOf(workflows)), used)).toEqual([]);
    expect(open(await bySchema(place, "github-actions", pathsOf(actions)), used)).toEqual([]);
  });

  it("need every exception that is made", () => {
    expect(exceptions.filter((exception) => !used.has(exception)).map(({ rule }) => rule)).toEqual([]);
  });
});

describe("a fault that is planted", () => {
  const release = workflows.find(({ path }) => path === ".github/workflows/release.yml")!;
  const example = workflows.find(({ path }) => path === "workflows-examples/full-release.yml")!;
  const push = actions.find(({ path }) => path === "actions/push-images/action.yml")!;

  function planted(source: Source, right: string, wrong: string): Source {
    expect(source.text).toContain(right);
    return { path: source.path, text: source.text.replace(right, wrong) };
  }

  it.each<[string, Source, string, string]>([
    ["an input that our action does not have", release, "command: plan", "comand: plan"],
    ["an output that our action does not have", release, "steps.plan.outputs.headline", "steps.plan.outputs.headlines"],
    ["a job that does not exist", release, "needs: plan\n", "needs: plans\n"],
    ["an input that our workflow does not have", example, "transfer-runner: ", "transfer-runners: "],
    ["a secret that our workflow does not have", example, "BUNDLE_URL: ", "BUNDLE_URI: "],
  ])("is found by actionlint: %s", async (_, source, right, wrong) => {
    const all = [...workflows, ...actions].map((one) => (one === source ? planted(one, right, wrong) : one));
    const place = await repositoryOf(`fault ${wrong.trim()}`.replaceAll(/\W+/g, "-"), all);
    expect(open(await byActionlint(place, [source.path]))).not.toEqual([]);
  });

  it.each<[string, Source, string, string, string]>([
    [
      "an expression in a script",
      release,
      "uses: $/actions/release",
      "run: echo ${{ inputs.bundle }}",
      "template-injection",
    ],
    ["rights for every job", release, "permissions: {}", "permissions: write-all", "excessive-permissions"],
    ["an action by its tag", release, "@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "@v5", "unpinned-uses"],
    ["git's credentials left behind", release, "persist-credentials: false", "persist-credentials: true", "artipacked"],
  ])("is found by zizmor: %s", async (_, source, right, wrong, rule) => {
    const place = join(folder, rule);
    layOut(place, [planted(source, right, wrong)]);
    const found = await byZizmor(place, [source.path]);
    expect(found.map((finding) => finding.rule)).toContain(rule);
  });

  it.each<[string, Source, string, string]>([
    ["a key that GitHub does not know", release, "timeout-minutes: 30", "timeout: 30"],
    ["a Node.js that GitHub does not have", push, "using: node24", "using: node99"],
  ])("is found by the schemas: %s", async (_, source, right, wrong) => {
    const place = join(folder, "schema-fault");
    layOut(place, [planted(source, right, wrong)]);
    const kind = source === push ? "github-actions" : "github-workflows";
    expect(open(await bySchema(place, kind, [source.path]))).not.toEqual([]);
  });
});
