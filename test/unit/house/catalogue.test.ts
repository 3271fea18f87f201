import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogues } from "../../../scripts/generate/troubleshooting.ts";

const root = resolve(import.meta.dirname, "../../..");

/** Codes that a file raises, as error or as finding. */
function raised(text: string): readonly string[] {
  const patterns = [/new (?:User|Remote|Internal)Error\(\s*"([A-Z0-9_]+)"/g, /\bcode: "([A-Z0-9_]+)"/g];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!));
}

const files = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name));

const all = await catalogues(root);
const known = new Set([...all.values()].flatMap((catalogue) => Object.keys(catalogue)));

describe("the error catalogue", () => {
  it("knows every code that src/ raises", () => {
    const strangers = files.flatMap((file) =>
      raised(readFileSync(file, "utf8"))
        .filter((code) => !known.has(code))
        .map((code) => `${relative(root, file)}: ${code}`),
    );
    expect(strangers).toEqual([]);
  });

  it("has a code in one room only", () => {
    const codes = [...all.values()].flatMap((catalogue) => Object.keys(catalogue));
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it("says of every code what it means and what to do, in sentences", () => {
    for (const catalogue of all.values()) {
      for (const [code, entry] of Object.entries(catalogue)) {
        expect(entry.means, code).toMatch(/\S.*[.`)]$/s);
        expect(entry.remedy, code).toMatch(/\S.*[.`)]$|: (?:aws|eksctl|helm|kubectl|skopeo) \S.*$/s);
      }
    }
  });

  it.each([
    ["a model pod is `Pending`"],
    ["pods stay in `Init` or restart in a loop"],
    ["the load balancer never receives an address"],
    ["requests return a 5xx from the load balancer"],
    ["image pulls fail"],
    ["no endpoints available for service"],
    ["the S3 prefix may hold the checkpoint `.tar` instead of its extracted contents"],
  ])("has the guide's item: %s", (item) => {
    const guide = [...all.values()].flatMap((catalogue) => Object.values(catalogue).map((entry) => entry.guide ?? ""));
    expect(guide.some((text) => text.includes(item))).toBe(true);
  });
});
