import { findings as languageFindings } from "../../test/unit/workflows/language-service.ts";
import { actionlint, checkJsonschema, zizmor } from "../software.ts";
import { outcomeOf } from "../tools/run.ts";
import type { Source } from "./sources.ts";

/** What a linter says of a line. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  /** Name of the rule, where the linter names its rules. */
  readonly rule: string;
  readonly message: string;
}

/** What GitHub's own language service finds. */
export async function byLanguageService(sources: readonly Source[]): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for (const { path, text } of sources) {
    // It tells workflows from actions by their place.
    const place = path.startsWith("documents/") ? `.github/workflows/${path}` : path;
    for (const finding of await languageFindings(place, text)) {
      const [, line = "0", message = ""] = /^(\d+): (.*)$/s.exec(finding) ?? [];
      all.push({ path, line: Number(line), rule: "language-service", message });
    }
  }
  return all;
}

/** What actionlint finds in workflows of a folder that is a repository, so that it reads our actions' inputs and outputs. */
export async function byActionlint(folder: string, paths: readonly string[]): Promise<readonly Finding[]> {
  // Programs that only some machines have shall not decide.
  const args = ["-shellcheck=", "-pyflakes=", "-format", "{{json .}}", ...paths];
  const { status, stdout, stderr } = await outcomeOf(await actionlint.get(), args, { cwd: folder });
  if (status !== 0 && status !== 1) throw new Error(`actionlint ended with status ${status}: ${stderr}`);
  const told = JSON.parse(stdout) as { filepath: string; line: number; kind: string; message: string }[] | null;
  return (told ?? []).map(({ filepath, line, kind, message }) => ({ path: filepath, line, rule: kind, message }));
}

interface ZizmorFinding {
  readonly ident: string;
  readonly desc: string;
  readonly locations: readonly {
    readonly symbolic: { readonly kind: string; readonly key: { readonly Local: { readonly verbatim_path: string } } };
    readonly concrete: { readonly location: { readonly start_point: { readonly row: number } } };
  }[];
}

/** What zizmor finds, as an auditor: its strictest view. */
export async function byZizmor(folder: string, paths: readonly string[]): Promise<readonly Finding[]> {
  const program = (await zizmor.get()).replace(/python$/, "zizmor");
  const args = ["--offline", "--no-progress", "--color=never", "--format=json", "--persona=auditor", "--no-exit-codes"];
  const { status, stdout, stderr } = await outcomeOf(program, [...args, ...paths], { cwd: folder });
  if (status !== 0) throw new Error(`zizmor ended with status ${status}: ${stderr}`);
  const audited = [...stderr.matchAll(/completed (\S+)/g)].length;
  if (audited !== paths.length) throw new Error(`zizmor audited ${audited} of ${paths.length} files: ${stderr}`);
  return (JSON.parse(stdout) as readonly ZizmorFinding[]).map(({ ident, desc, locations }) => {
    const { symbolic, concrete } = locations.find((location) => location.symbolic.kind === "Primary") ?? locations[0]!;
    return {
      path: symbolic.key.Local.verbatim_path,
      line: concrete.location.start_point.row + 1,
      rule: ident,
      message: desc,
    };
  });
}

/** What SchemaStore's schemas refuse. */
export async function bySchema(
  folder: string,
  kind: "github-workflows" | "github-actions",
  paths: readonly string[],
): Promise<readonly Finding[]> {
  const args = ["-m", "check_jsonschema", "--builtin-schema", `vendor.${kind}`, "-o", "json", ...paths];
  const { stdout, stderr } = await outcomeOf(await checkJsonschema.get(), args, { cwd: folder });
  if (stdout === "") throw new Error(`check-jsonschema said nothing: ${stderr}`);
  const told = JSON.parse(stdout) as {
    readonly checked_paths?: readonly string[];
    readonly errors?: readonly { readonly filename: string; readonly path: string; readonly message: string }[];
    readonly parse_errors?: readonly { readonly filename: string; readonly message: string }[];
  };
  const errors = [...(told.errors ?? []), ...(told.parse_errors ?? []).map((error) => ({ ...error, path: "$" }))];
  return errors.map(({ filename, path, message }) => ({
    path: filename,
    line: 0,
    rule: "schema",
    message: `${path}: ${message}`,
  }));
}
