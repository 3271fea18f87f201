import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { Catalogue } from "../../src/errors.ts";

/** Every room's catalogue, by the name of the room; `errors.ts` of the ground floor counts as `general`. */
export async function catalogues(root: string): Promise<ReadonlyMap<string, Catalogue>> {
  const found = new Map<string, Catalogue>();
  const files = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === "errors.ts")
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    const module = (await import(file)) as Record<string, unknown>;
    const room = relative(join(root, "src"), file).split("/").slice(0, -1).join("/") || "general";
    const entries = Object.entries(module).filter(([name]) => name.endsWith("Errors"));
    found.set(room, Object.assign({}, ...entries.map(([, catalogue]) => catalogue)) as Catalogue);
  }
  return found;
}

/** docs/troubleshooting.md. */
export function troubleshooting(all: ReadonlyMap<string, Catalogue>): string {
  const parts = [
    "# Troubleshooting",
    "",
    "Every error has a stable code. The log, the annotation and the job summary say what happened and what to do next; this page lists all codes, by the part of eks-deploy that raises them.",
    "",
    "<!-- Generated from the catalogues in src/ by npm run generate. -->",
  ];
  for (const [room, catalogue] of all) {
    const codes = Object.entries(catalogue).sort(([a], [b]) => (a < b ? -1 : 1));
    if (codes.length === 0) continue;
    parts.push("", `## ${room}`);
    for (const [code, entry] of codes) {
      parts.push("", `### ${code}`, "", entry.means, "", `**What to do:** ${entry.remedy}`);
      if (entry.guide) parts.push("", `From the installation guide: *${entry.guide}*`);
    }
  }
  return `${parts.join("\n")}\n`;
}
