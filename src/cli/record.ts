import { shown } from "../action/describe.ts";
import { openSources } from "../action/run.ts";
import { releaseRecord } from "../facts/release-record.ts";
import { recordDifferences } from "../record/difference.ts";
import type { Named } from "../record/latest.ts";
import { inputsOf, placeContract } from "../release/inputs.ts";
import { createTerminalRunner } from "../runner/terminal.ts";
import { terminalText } from "../runner/terminal-blocks.ts";
import { parseFlags } from "./flags.ts";
import type { CliIo } from "./io.ts";
import { usage } from "./usage.ts";

const contract = placeContract("plan");

/** Whether a command line is `record diff ...`, and not the root action's command `record`. */
export function isRecordDiff(words: readonly string[]): boolean {
  return words[0] === "record" && words[1] === "diff";
}

/** `eks-deploy record diff <from> <to>`: what two release records say differently. Reads only. */
export async function recordDiff(args: readonly string[], io: CliIo): Promise<number> {
  const parsed = parseFlags(args, contract.inputs, io.env);
  const [, , from, to, surplus] = parsed.words;
  if (parsed.help || from === undefined || to === undefined || surplus !== undefined)
    throw usage(
      "record diff takes two records: latest, a SHA-256, s3://...json or a path.",
      "Usage: eks-deploy record diff <from> <to> [-e environment] [--records s3://...] [--json]",
    );
  const screen = parsed.json ? io.stderr : io.stdout;
  const { inputs, verbose } = parsed;
  const runner = createTerminalRunner({ inputs, env: io.env, screen, verbose }, []);
  try {
    const place = inputsOf(contract, await openSources(runner, runner.context));
    const find = (reference: string): Promise<Named> => releaseRecord(reference, place.release, place, runner.context);
    const [before, after] = await Promise.all([find(from), find(to)]);
    const differences = recordDifferences(before.record, after.record);
    if (parsed.json) io.stdout.write(`${JSON.stringify(differences, null, 2)}\n`);
    else if (differences.length === 0) io.stdout.write("The records say the same.\n");
    else {
      const rows = differences.map(({ what, from, to }) => [what, shown(from) || "-", shown(to) || "-"]);
      const head = ["", ...[before, after].map(({ sha256 }) => `record ${sha256.slice(0, 12)}`)];
      const table = { kind: "table", head, rows } as const;
      io.stdout.write(`${terminalText([table], io.stdout.columns)}\n`);
    }
    return 0;
  } finally {
    runner.cancellation.dispose();
  }
}
