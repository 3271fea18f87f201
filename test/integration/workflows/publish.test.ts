import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, stepsOf, workflowOf } from "../../unit/workflows/files.ts";

const steps = stepsOf(workflowOf(".github/workflows/publish.yml")).map(({ step }) => step);

let folder: string;
const work = () => join(folder, "work");
const origin = () => join(folder, "origin.git");

/** What the workflow asks of `gh`, done on a bare repository: a draft makes no tag, a ref that is there is not made again. */
const gh = `#!/usr/bin/env bash
set -euo pipefail
git() { command git --git-dir="$ORIGIN" "$@"; }
case "$1 $2" in
  "release view")
    git rev-parse -q --verify "refs/tags/$3" > /dev/null && echo false && exit 0
    [ -f "$ORIGIN/draft" ] && echo true ;;
  "release delete")
    rm "$ORIGIN/draft" ;;
  "release create")
    git rev-parse -q --verify "refs/tags/$3" && exit 1
    [ -f "$ORIGIN/draft" ] && exit 1
    [ -f "\${@: -1}" ] && [ -f packed/notes.md ]
    echo "$3 \${*:4}" > "$ORIGIN/draft" ;;
  "release edit")
    read -r tag _ _ target _ < "$ORIGIN/draft"
    [ "$tag" = "$3" ] && git update-ref "refs/tags/$tag" "$target" "" && rm "$ORIGIN/draft" ;;
  "api --method")
    [[ "$*" =~ sha=([0-9a-f]{40}) ]] && sha="\${BASH_REMATCH[1]}"
    if [ "$3" = PATCH ]; then ref="\${4#repos/acme/eks-deploy/git/}"; git rev-parse -q --verify "$ref" >&2; git update-ref "$ref" "$sha"
    else [[ "$*" =~ ref=([^ ]+) ]]; git update-ref "\${BASH_REMATCH[1]}" "$sha" ""; fi ;;
esac
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-publish-"));
  const tools = join(folder, "tools");
  for (const path of [tools, join(work(), "scripts")]) mkdirSync(path, { recursive: true });
  writeFileSync(join(tools, "gh"), gh, { mode: 0o755 });
  writeFileSync(join(tools, "npm"), '#!/usr/bin/env bash\n[ "$1" = exec ] && exec "${@:3}"\n', { mode: 0o755 });
  copyFileSync(join(root, "scripts/release-notes.ts"), join(work(), "scripts/release-notes.ts"));
  execFileSync("git", ["init", "-q", "--bare", origin()]);
  execFileSync("git", ["init", "-q", "-b", "main", work()]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: readonly string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  return execFileSync("git", ["-C", work(), ...identity, ...args], { encoding: "utf8" }).trim();
}

/** A commit of a version, on the server. */
function commit(version: string, changelog: string): string {
  writeFileSync(join(work(), "package.json"), JSON.stringify({ version, type: "module" }));
  writeFileSync(join(work(), "CHANGELOG.md"), `# Changelog\n\n${changelog}`);
  git("add", "package.json", "CHANGELOG.md", "scripts");
  git("commit", "-qm", version);
  git("push", "-q", origin(), "main");
  return git("rev-parse", "HEAD");
}

/** Runs one step of the workflow as the runner does; gives its exit code. */
function run(name: string, version: string): number {
  const env = {
    PATH: `${join(folder, "tools")}:${process.env["PATH"]}`,
    HOME: folder,
    ORIGIN: origin(),
    VERSION: version,
    GITHUB_SHA: git("rev-parse", "HEAD"),
    GH_REPO: "acme/eks-deploy",
  };
  const script = join(folder, "step.sh");
  writeFileSync(script, steps.find((step) => step.name === name)!.run!);
  return spawnSync("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], { cwd: work(), env }).status ?? -1;
}

function publish(version: string): readonly number[] {
  rmSync(join(work(), "packed"), { recursive: true, force: true });
  const names = ["Pack what the tag will hold, with its notes", "Release", "Move the major tag"];
  const codes: number[] = [];
  for (const name of names) if (!codes.includes(1)) codes.push(run(name, version));
  return codes;
}

const tag = (name: string) =>
  spawnSync("git", ["--git-dir", origin(), "rev-parse", "-q", "--verify", name]).stdout.toString().trim();

describe("publish.yml on a bare repository", () => {
  it("packs the commit with its notes, tags it, and makes the major tag", () => {
    const sha = commit("1.0.0", "## [1.0.0] - 2026-12-01\n\n- One.\n");
    expect(publish("1.0.0")).toEqual([0, 0, 0]);
    expect(readFileSync(join(work(), "packed/notes.md"), "utf8")).toBe("- One.\n");
    const listed = execFileSync("tar", ["-tzf", join(work(), "packed/eks-deploy-1.0.0.tar.gz")], { encoding: "utf8" });
    expect(listed).toContain("eks-deploy-1.0.0/package.json");
    expect([tag("refs/tags/v1.0.0"), tag("refs/tags/v1")]).toEqual([sha, sha]);
  });

  it("moves the major tag to the next version, and leaves the version before where it is", () => {
    const before = tag("refs/tags/v1.0.0");
    const sha = commit("1.1.0", "## [1.1.0] - 2026-12-02\n\n- Two.\n");
    expect(publish("1.1.0")).toEqual([0, 0, 0]);
    expect([tag("refs/tags/v1.0.0"), tag("refs/tags/v1.1.0"), tag("refs/tags/v1")]).toEqual([before, sha, sha]);
  });

  it("publishes no version twice, and moves nothing then", () => {
    const before = tag("refs/tags/v1");
    commit("1.1.0", "## [1.1.0] - 2026-12-02\n\n- Two, again.\n");
    expect(publish("1.1.0")).toEqual([0, 1]);
    expect(tag("refs/tags/v1")).toBe(before);
  });

  it("publishes a version whose first run was cut off with its draft written", () => {
    const sha = commit("1.1.1", "## [1.1.1] - 2026-12-03\n\n- Three.\n");
    writeFileSync(join(origin(), "draft"), "v1.1.1 --draft --target 0000000 --title v1.1.1\n");
    expect(publish("1.1.1")).toEqual([0, 0, 0]);
    expect([tag("refs/tags/v1.1.1"), tag("refs/tags/v1")]).toEqual([sha, sha]);
  });

  it.each([
    ["another version than package.json has", "1.3.0"],
    ["what is no version", "1.2.0; touch x"],
    ["a version of which the changelog says nothing", "1.2.0"],
  ])("stops before anything is published for %s", (_, version) => {
    commit("1.2.0", `## [1.1.0]\n\n- ${version}\n`);
    expect(publish(version)).toEqual([1]);
  });
});
