import * as core from "@actions/core";
import type { Context, Event } from "../action/context.ts";
import type { Runner } from "../action/runner.ts";
import { systemClock } from "../retry.ts";
import { readAmbient } from "./ambient.ts";
import { type Cancellation, listenForCancellation } from "./cancellation.ts";
import { createLog } from "./log.ts";
import { Masks } from "./masks.ts";
import { neutralise } from "./neutral.ts";
import { ProgressView } from "./progress.ts";

/** A CI log gets a progress line this often (milliseconds); a terminal a redrawn one. */
const sparse = 15_000;
const lively = 200;

/** GitHub's runner (or a terminal that sets the same variables), as an action sees it. `secretInputs` are masked before anything else happens. */
export function createRunner(secretInputs: readonly string[]): Runner & { readonly cancellation: Cancellation } {
  const masks = new Masks();
  const onGitHub = process.env["GITHUB_ACTIONS"] === "true";
  // A hosted runner has no instance role; asking for one only waits. The SDK reads this variable itself.
  if (process.env["RUNNER_ENVIRONMENT"] === "github-hosted") process.env["AWS_EC2_METADATA_DISABLED"] ??= "true";
  const mask = (value: string) => {
    for (const part of masks.add(value)) if (onGitHub) core.setSecret(part);
  };
  for (const name of secretInputs) {
    const value = rawInput(name);
    if (value) mask(value);
  }
  const log = createLog(masks);
  const cancellation = listenForCancellation((name) =>
    log.info(`${name}: the run is being cancelled; what is under way is brought to a clean end.`),
  );
  const context: Context = {
    log,
    signal: cancellation.signal,
    clock: systemClock,
    ambient: readAmbient(process.env, mask),
    emit: progressPrinter(log, onGitHub),
    mask,
    remember: (key, value) => core.saveState(key, value),
  };
  return {
    context,
    cancellation,
    grace: cancellation.grace,
    input: rawInput,
    given: givenInputs(),
    remembered: rememberedState(),
    setOutput: (name, value) => core.setOutput(name, masks.apply(value)),
    async writeSummary(markdown) {
      if (process.env["GITHUB_STEP_SUMMARY"]) await core.summary.addRaw(masks.apply(markdown), true).write();
    },
    masked: (text) => masks.apply(text),
    fail(code, message) {
      core.error(neutralise(masks.apply(message)), { title: code });
      process.exitCode = 1;
    },
  };
}

function progressPrinter(log: Context["log"], onGitHub: boolean): Context["emit"] {
  const live = process.stdout.isTTY && !onGitHub;
  const view = new ProgressView(() => Date.now(), live ? lively : sparse);
  return (event: Event) => {
    if (event.kind === "progress") {
      const line = view.take(event);
      if (line && live) process.stdout.write(`\r\u001b[2K${line}\r`);
      else if (line) log.info(line);
    } else if (event.kind === "phase") {
      log.info(`${event.subject}: ${event.phase}${event.detail ? ` (${event.detail})` : ""}`);
    } else {
      log.debug(
        `${event.what}: attempt ${event.attempt} failed (${event.reason}); again in ${Math.round(event.delay)} ms`,
      );
    }
  };
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
