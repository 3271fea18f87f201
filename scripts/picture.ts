/**
 * Draws docs/summary.png: the summary of the demo's release, as GitHub shows it. Needs chromium on PATH and a font with emoji (Debian: chromium,
 * fonts-noto-color-emoji).
 *
 *   npm run demo && node scripts/picture.ts
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const width = 960;
/** The summary alone, of the first release, and nothing around it; its height is told by the title. */
const own =
  "<style>h1, article + article { display: none } body { margin: 0; padding: 1rem } article { margin: 0 }</style>";
const measure = "<script>document.title = String(document.body.scrollHeight)</script>";

const folder = mkdtempSync(join(tmpdir(), "eks-deploy-picture-"));
try {
  const page = join(folder, "summary.html");
  writeFileSync(page, readFileSync(join(root, "demo-output/summary.html"), "utf8") + own + measure);
  const chromium = (...args: readonly string[]) =>
    execFileSync(
      "chromium",
      [
        "--headless=new",
        "--no-sandbox",
        "--hide-scrollbars",
        `--user-data-dir=${folder}/profile`,
        ...args,
        `file://${page}`,
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 },
    );
  const height = /<title>(\d+)<\/title>/.exec(chromium(`--window-size=${width},600`, "--dump-dom"))?.[1];
  chromium(`--window-size=${width},${height}`, `--screenshot=${join(root, "docs/summary.png")}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
