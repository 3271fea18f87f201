import * as core from "@actions/core";
import type { Finding } from "../action/context.ts";
import { type Ending, summaryOf } from "../action/ending.ts";
import type { Runner } from "../action/runner.ts";
import { renderSummary } from "../action/summary.ts";
import type { Position } from "../errors.ts";
import { systemClock } from "../retry.ts";
import { readAmbient } from "./ambient.ts";
import { type Cancellation, listenForCancellation } from "./cancellation.ts";
import { voiceOf } from "./events.ts";
import { createLog } from "./log.ts";
import { Masks } from "./masks.ts";
import { neutralise } from "./neutral.ts";
import type { Printer } from "./printer.ts";

/** GitHub's log: commands for groups and annotations, a progress line now and then. */
const printer: Printer = {
  interval: 15_000,
  line: (text) => core.info(text),
  debug: (text) => core.debug(text),
  openGroup: (title) => core.startGroup(title),
  closeGroup: () => core.endGroup(),
  progress: (text) => core.info(text),
  finding({ code, level, happened, next, at }: Finding) {
    const tell = level === "error" ? core.error : core.warning;
    tell(`${happened}\n${next}`, { title: code, ...place(at) });
  },
};

/** GitHub's runner, as an action sees it. `secretInputs` are masked before anything else happens. */
export function createRunner(secretInputs: readonly string[]): Runner & { readonly cancellation: Cancellation } {
  const masks = new Masks();
  // A hosted runner has no instance role; asking for one only waits. The SDK reads this variable itself.
  if (process.env["RUNNER_ENVIRONMENT"] === "github-hosted") process.env["AWS_EC2_METADATA_DISABLED"] ??= "true";
  const mask = (value: string) => {
    for (const part of masks.add(value)) core.setSecret(part);
  };
  for (const name of secretInputs) {
    const value = rawInput(name);
    if (value) mask(value);
  }
  const { log, emit } = voiceOf(createLog(masks, printer), printer, () => Date.now());
  const cancellation = listenForCancellation((name) =>
    log.info(`${name}: the run is being cancelled; what is under way is brought to a clean end.`),
  );
  return {
    context: {
      log,
      emit,
      mask,
      signal: cancellation.signal,
      clock: systemClock,
      ambient: readAmbient(process.env, mask),
      remember: (key, value) => core.saveState(key, value),
    },
    cancellation,
    grace: cancellation.grace,
    input: rawInput,
    given: givenInputs(),
    remembered: rememberedState(),
    setOutput: (name, value) => core.setOutput(name, masks.apply(value)),
    async conclude(ending: Ending) {
      const summary = masks.apply(renderSummary(summaryOf(ending)));
      if (process.env["GITHUB_STEP_SUMMARY"]) await core.summary.addRaw(summary, true).write();
      log.info(ending.headline);
    },
    masked: (text) => masks.apply(text),
    fail(code, message, at, known = false) {
      const text = neutralise(masks.apply(message));
      if (known) core.info(`${code}: ${text}`);
      else core.error(text, { title: code, ...place(at) });
      process.exitCode = 1;
    },
  };
}

function place(at: Position | undefined): core.AnnotationProperties {
  return at ? { file: at.file, startLine: at.line, startColumn: at.column } : {};
}

/** As the runner names them: upper case, spaces to underscores, dashes kept. */
function rawInput(name: string): string | undefined {
  return process.env[`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`];
}

function givenInputs(): readonly string[] {
  return Object.entries(process.env)
    .filter(([name, value]) => name.startsWith("INPUT_") && value !== "")
    .map(([name]) => name.slice("INPUT_".length).toLowerCase());
}

function rememberedState(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(process.env)
      .filter(([name, value]) => name.startsWith("STATE_") && value !== undefined)
      .map(([name, value]) => [name.slice("STATE_".length), value ?? ""]),
  );
}
