import { join } from "node:path";
import { cached, nameOf } from "./cache.ts";
import { run } from "./run.ts";

/** Path of a Python interpreter that has these packages, `name==version`; made at the first call. Run their programs as `-m <module>`. */
export async function pythonWith(...packages: readonly string[]): Promise<string> {
  const folder = await cached(`python-${nameOf(...packages)}`, async (target) => {
    await run("python3", ["-m", "venv", target]);
    await run(join(target, "bin/python"), ["-m", "pip", "install", "-q", ...packages]);
  });
  return join(folder, "bin/python");
}
