import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { helm } from "../../../sandbox/tools.ts";

const run = promisify(execFile);

/** What real helm makes of a values file: the values that its templates see, as data. */
export interface HelmReader {
  read(yaml: string): Promise<unknown>;
  close(): void;
}

/** A chart whose only object is a ConfigMap with all values as JSON. */
export async function helmReader(major: 3 | 4): Promise<HelmReader> {
  const binary = await helm(major);
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-helm-"));
  const chart = join(folder, "echo");
  mkdirSync(join(chart, "templates"), { recursive: true });
  writeFileSync(join(chart, "Chart.yaml"), "apiVersion: v2\nname: echo\nversion: 1.0.0\n");
  writeFileSync(
    join(chart, "templates", "echo.yaml"),
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: echo\n  annotations: { seen: "{{ .Values | toJson | b64enc }}" }\n',
  );
  return {
    async read(yaml) {
      const values = join(folder, "values.yaml");
      writeFileSync(values, yaml);
      const env = { PATH: "", HOME: folder, HELM_NO_PLUGINS: "1" };
      const { stdout } = await run(binary, ["template", "x", chart, "--values", values], {
        env,
        maxBuffer: 64 * 1024 * 1024,
      });
      const seen = /seen: "([^"]*)"/.exec(stdout)?.[1] ?? "";
      const { global: _, ...all } = JSON.parse(Buffer.from(seen, "base64").toString("utf8")) as Record<string, unknown>;
      return all;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
