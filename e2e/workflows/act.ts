import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { layClusters } from "../../test/integration/workflows/clusters.ts";
import { apiKey, openPlace, type Place } from "../../test/integration/workflows/place.ts";
import { type CompanyProxy, startProxy } from "../../test/support/proxy.ts";
import { root } from "../../test/unit/workflows/files.ts";
import { act } from "../software.ts";
import { run, withDeathSignal } from "../tools/run.ts";
import { inlined } from "./inline.ts";
import { actions, layOut, layPrograms, pointing, repository, type Source, workflows } from "./sources.ts";

/** Environments of the spec that the examples name, beside `dev`, and one for the example that would release to another's a second time. */
const environments = ["staging", "production", "production-us", "production-eu", "production-ap", "vpc"];

/** Keys that are newer than act 0.2.89, or that do nothing in it: they are taken out of the copy that it runs. */
const unknown: readonly (readonly [RegExp, string])[] = [
  [/^ *queue: max\n/gm, ""],
  [/^ *deployment: false\n/gm, ""],
  // Its name is empty here: no environment.
  [/^ *environment:\n *name: \$\{\{ inputs\.unattended-environment \}\}\n/gm, ""],
];

const airGapped = "workflows-examples/air-gapped.yml";

/** What the example of an air-gapped runner names, and what stands for it here. Its environment is one to which nothing else is released. */
function here(text: string, place: Place, proxy: CompanyProxy): string {
  return text
    .replaceAll("http://proxy.corp.example:3128", proxy.url)
    .replaceAll("/mnt/intake/poolside-2611", join(place.folder, "bundle"))
    .replaceAll("/etc/ssl/certs/corp-root.pem", join(place.folder, "authority.pem"))
    .replaceAll("environment: production", "environment: vpc");
}

/** Labels of the runners that the examples ask for. */
const labels = ["ubuntu-24.04", "ubuntu-24.04-16core", "self-hosted"];

/** How a job ended, by act's log. */
export interface ActJob {
  /** Workflow and job; of a called workflow's job, behind the caller's. A leg of a matrix has a number behind it. */
  readonly name: string;
  readonly result: string;
}

export interface ActRun {
  readonly status: number | null;
  readonly jobs: readonly ActJob[];
  /** Job summaries of all steps, one after another. */
  readonly summaries: string;
  /** Outputs of all steps, by name; of several with one name, the last that is not empty. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly log: string;
}

export interface ActOptions {
  readonly event?: string;
  /** The event's content, as GitHub sends it. */
  readonly payload?: object;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** Changes the spec, for this run and those after it. */
  readonly change?: (spec: string) => string;
}

/** A repository whose workflows act runs against a world of the sandbox. */
export interface ActRoom {
  readonly place: Place;
  /** Folder with a folder for each artifact. */
  readonly artifacts: string;
  /** The proxy of the runner that is air-gapped. */
  readonly proxy: CompanyProxy;
  /** Runs an example to its end. */
  run(example: string, options?: ActOptions): Promise<ActRun>;
  close(): Promise<void>;
}

/** Lays out the caller's repository, ours, and stand-ins for GitHub's own actions. */
export async function openActRoom(): Promise<ActRoom> {
  const place = await openPlace();
  const proxy = await startProxy();
  const clusters = await layClusters(place, environments, { production: "deploy: { surge: recreate }" });
  const own = place.call("act");
  const call = clusters.call("act");
  const spec = call.files["eks-deploy.yaml"]!.replace("environments:\n", "environments:\n  dev: {}\n");
  const resolve = `${own.network["resolve"]}\n${call.network["resolve"]}`;
  const { folder } = own;
  const ours = join(folder, "ours");
  const caller = join(folder, "caller");
  const artifacts = join(folder, "artifacts");
  const home = join(folder, "home");
  for (const each of [artifacts, caller, join(home, ".config/act")]) mkdirSync(each, { recursive: true });
  writeFileSync(join(home, ".config/act/actrc"), labels.map((label) => `-P ${label}=-self-hosted\n`).join(""));
  layOurs(ours, { ...call.network, resolve });
  const stubs = layStandIns(join(folder, "stand-ins"), artifacts);
  const ourExamples = examples.map((each) =>
    each.path === airGapped ? { ...each, text: here(each.text, place, proxy) } : each,
  );
  layOut(caller, [...ourExamples, smokeInPlace()], (text) => understood(byName(text)));
  writeFileSync(join(caller, "eks-deploy.yaml"), spec);
  await run("git", ["init", "-q", "-b", "main", caller]);
  await run("git", ["-C", caller, "remote", "add", "origin", "https://github.com/acme/models.git"]);
  await run("git", ["-C", caller, "add", "."]);
  await run("git", [
    ...["-C", caller, "-c", "user.name=e2e", "-c", "user.email=e2e@example.com"],
    "commit",
    "-qm",
    "All",
  ]);
  const program = await act.get();
  const local = [`${repository}@v1=${ours}`, `${repository}@self=${ours}`, ...stubs];
  return {
    place,
    artifacts,
    async run(example, { event = "workflow_dispatch", payload = {}, inputs = {}, secrets = {}, change } = {}) {
      const specFile = join(caller, "eks-deploy.yaml");
      if (change) writeFileSync(specFile, change(readFileSync(specFile, "utf8")));
      const file = (name: string, content: string) => {
        writeFileSync(join(folder, name), content, { mode: 0o600 });
        return join(folder, name);
      };
      const pairs = (values: Readonly<Record<string, string>>) =>
        Object.entries(values)
          .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
          .join("");
      const args = [
        ...[event, "-W", `workflows-examples/${example}.yml`, "-e", file("event.json", JSON.stringify(payload))],
        ...["--secret-file", file("secrets", pairs({ VLLM_API_KEY: apiKey, ...secrets }))],
        ...["--env-file", file("environment", pairs(place.world.env)), "--var-file", file("variables", "")],
        ...Object.entries(inputs).flatMap(([name, value]) => ["--input", `${name}=${value}`]),
        ...local.flatMap((each) => ["--local-repository", each]),
        ...["--no-cache-server", "--action-offline-mode", "--pull=false", "--json"],
      ];
      return readRun(...(await outcome(program, args, caller, pathOf(place), home)));
    },
    proxy,
    async close() {
      proxy.close();
      await place.close();
    },
  };
}

const examples = workflows.filter(({ path }) => path.startsWith("workflows-examples/"));

/** The text as act can read it. */
function understood(text: string): string {
  return unknown.reduce((rest, [pattern, by]) => rest.replaceAll(pattern, by), text);
}

/** `$/...` is named as a repository, which act knows. */
function byName(text: string): string {
  return pointing(text, (path) => `${repository}/${path}@self`);
}

/** hourly-smoke.yml with the job of smoke.yml in place of its call: act begins no job after a called workflow that failed. */
function smokeInPlace(): Source {
  const textOf = (path: string) => workflows.find((workflow) => workflow.path === path)!.text;
  const text = inlined(textOf("workflows-examples/hourly-smoke.yml"), textOf(".github/workflows/smoke.yml"), "smoke");
  return { path: "workflows-examples/hourly-smoke-in-place.yml", text };
}

/** Our repository. Two inputs stand for the sandbox's network. */
function layOurs(folder: string, network: Readonly<Record<string, string>>): void {
  layOut(
    folder,
    workflows.filter(({ path }) => path.startsWith(".github/")),
    (text) => understood(byName(text)),
  );
  layOut(folder, actions, (text) =>
    Object.entries(network).reduce(
      (rest, [name, value]) =>
        rest.replace(new RegExp(`^  ${name}:\n`, "m"), `$&    default: ${JSON.stringify(value)}\n`),
      text,
    ),
  );
  layPrograms(folder);
}

/** GitHub's actions, which are not here: artifacts are folders, github-script gets a repository that exists in a file. */
function layStandIns(folder: string, artifacts: string): readonly string[] {
  const programs: Readonly<Record<string, string>> = {
    "upload-artifact": `
      import { cpSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
      import { basename, join } from "node:path";
      const { INPUT_NAME: name, INPUT_PATH: path, INPUT_OVERWRITE: overwrite } = process.env;
      const place = join(${JSON.stringify(artifacts)}, name);
      if (existsSync(place) && overwrite !== "true") throw new Error("409: the artifact " + name + " exists");
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place);
      const found = path.split("\\n").map((each) => each.trim()).filter((each) => each && existsSync(each));
      if (found.length === 0) throw new Error("nothing to upload at " + path);
      for (const each of found) cpSync(each, statSync(each).isDirectory() ? place : join(place, basename(each)), { recursive: true });`,
    "download-artifact": `
      import { cpSync, mkdirSync, readdirSync } from "node:fs";
      import { join, matchesGlob } from "node:path";
      const { INPUT_NAME: own, INPUT_PATTERN: pattern, INPUT_PATH: path } = process.env;
      mkdirSync(path, { recursive: true });
      for (const name of readdirSync(${JSON.stringify(artifacts)}))
        if (pattern ? matchesGlob(name, pattern) : name === own)
          cpSync(join(${JSON.stringify(artifacts)}, name), pattern ? join(path, name) : path, { recursive: true });`,
    "github-script": `
      import { existsSync, readFileSync, writeFileSync } from "node:fs";
      import { fakeGithub, runScript } from ${JSON.stringify(join(root, "test/unit/workflows/github-script.ts"))};
      const file = ${JSON.stringify(join(dirname(artifacts), "github.json"))};
      const { comments, issues } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { comments: [], issues: [] };
      await runScript(process.env.INPUT_SCRIPT, fakeGithub(comments, issues), process.env);
      writeFileSync(file, JSON.stringify({ comments, issues }));`,
  };
  return Object.entries(programs).map(([name, text]) => {
    const place = join(folder, name);
    mkdirSync(place, { recursive: true });
    const inputs = ["name", "path", "pattern", "overwrite", "script", "if-no-files-found", "retention-days"];
    const given = inputs.map((input) => `  ${input}: { description: ${input} }\n`).join("");
    writeFileSync(
      join(place, "action.yml"),
      `name: ${name}\ndescription: ${name}\ninputs:\n${given}runs:\n  using: node24\n  main: main.mjs\n`,
    );
    writeFileSync(join(place, "main.mjs"), text);
    return `actions/${name}@${pinOf(name)}=${place}`;
  });
}

/** The commit by which our workflows name an action of GitHub. */
function pinOf(name: string): string {
  for (const { text } of workflows) {
    const [, pin] = new RegExp(`uses: actions/${name}@([0-9a-f]{40})`).exec(text) ?? [];
    if (pin !== undefined) return pin;
  }
  throw new Error(`no workflow uses actions/${name}`);
}

function pathOf({ world }: Place): string {
  return [dirname(process.execPath), world.tools, "/usr/local/bin:/usr/bin:/bin"].join(":");
}

/** act hands its own variables on to the steps, so it gets none of this machine's. */
function outcome(program: string, args: readonly string[], cwd: string, path: string, home: string) {
  return new Promise<readonly [number | null, string, string]>((resolve, reject) => {
    const [first, ...rest] = withDeathSignal([program, ...args]);
    const child = spawn(first, rest, { cwd, env: { PATH: path, HOME: home }, stdio: ["ignore", "pipe", "pipe"] });
    const texts = ["", ""] as [string, string];
    for (const [index, stream] of [child.stdout, child.stderr].entries())
      stream.setEncoding("utf8").on("data", (text: string) => {
        texts[index] += text;
      });
    child.once("error", reject);
    child.once("close", (status) => resolve([status, ...texts]));
  });
}

function readRun(status: number | null, stdout: string, stderr: string): ActRun {
  const jobs = new Map<string, string>();
  const outputs: Record<string, string> = {};
  let summaries = "";
  const log: string[] = [stderr];
  for (const line of stdout.split("\n")) {
    if (!line.startsWith("{")) continue;
    const entry = JSON.parse(line) as Readonly<Record<string, string>>;
    log.push(entry["msg"] ?? "");
    if (entry["jobResult"]) jobs.set(entry["job"]!.trimEnd(), entry["jobResult"]);
    if (entry["command"] === "summary") summaries += entry["content"];
    if (entry["command"] === "set-output" && entry["arg"]) outputs[entry["name"]!] = entry["arg"];
  }
  return {
    status,
    jobs: [...jobs].map(([name, result]) => ({ name, result })),
    summaries,
    outputs,
    log: log.join("\n"),
  };
}

/** Issues and comments that scripts of the workflows wrote. */
export function writtenTo({ artifacts }: ActRoom): {
  readonly issues: readonly { readonly title: string; readonly state: string }[];
  readonly comments: readonly { readonly body: string }[];
} {
  return JSON.parse(readFileSync(join(dirname(artifacts), "github.json"), "utf8"));
}
