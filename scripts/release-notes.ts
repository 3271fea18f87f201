/**
 * `node scripts/release-notes.ts 1.2.3`: prints what CHANGELOG.md says of a version, for the notes of its release. Refuses a version that package.json
 * does not have, or of which nothing is said.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** The section of one version, without its heading. */
export function notesOf(changelog: string, version: string): string {
  const lines = changelog.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`## [${version}]`));
  if (start < 0) throw new Error(`CHANGELOG.md has no section "## [${version}]"`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith("## "));
  const notes = (end < 0 ? rest : rest.slice(0, end)).join("\n").trim();
  if (notes === "") throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return `${notes}\n`;
}

/** `version` as package.json must have it. */
export function checkVersion(version: string, packageVersion: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`"${version}" is no version such as 1.2.3`);
  if (version !== packageVersion) throw new Error(`package.json has version ${packageVersion}, not ${version}`);
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "..");
  const [version = ""] = process.argv.slice(2);
  checkVersion(version, (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version);
  process.stdout.write(notesOf(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version));
}
