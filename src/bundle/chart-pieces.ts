import { type Chart, chartOf } from "./chart.ts";
import { refuseLarge } from "./chart-folder.ts";
import { unpackChart } from "./chart-unpack.ts";
import { chooseChart } from "./charts-of-bundle.ts";
import { helmIgnores } from "./helmignore.ts";

/** Gathers what lies in a bundle's `charts/` while it passes, then gives the chart. */
export class ChartPieces {
  private readonly files = new Map<string, Buffer>();
  private readonly bundle: string;
  private readonly label: string;
  private total = 0;

  constructor(bundle: string) {
    this.bundle = bundle;
    this.label = `${bundle}!charts`;
  }

  /** Refuses a file that no chart may hold, before it is read. `path` is below `charts/`. */
  admit(path: string, size: number): void {
    this.total += size;
    refuseLarge(path, path.includes("/") ? size : 0, this.total, this.label);
  }

  add(path: string, content: Buffer): void {
    this.files.set(path, content);
  }

  /** `undefined` where there is none; `CHART_NOT_FOUND` where it is not clear which one is meant. */
  async chart(): Promise<Chart | undefined> {
    const paths = [...this.files.keys()];
    const folders = paths.filter((path) => /^[^/]+\/Chart\.yaml$/.test(path)).map((path) => path.split("/")[0]!);
    const archives = paths.filter((path) => /^[^/]+\.tgz$/.test(path));
    const chosen = chooseChart([...folders, ...archives].sort(), this.bundle);
    if (!chosen) return undefined;
    const label = `${this.label}/${chosen}`;
    if (chosen.endsWith(".tgz")) return chartOf(await unpackChart(this.files.get(chosen)!, label), label);
    const ignores = helmIgnores(this.files.get(`${chosen}/.helmignore`)?.toString("utf8"), label);
    const own = [...this.files]
      .filter(([path]) => path.startsWith(`${chosen}/`))
      .map(([path, content]) => [path.slice(chosen.length + 1), content] as const);
    return chartOf(new Map(own.filter(([path]) => !ignores(path))), label);
  }
}
