import { styleText } from "node:util";
import type { Context, Finding } from "../action/context.ts";
import type { Ending } from "../action/ending.ts";
import type { Runner } from "../action/runner.ts";
import type { Position } from "../errors.ts";
import { systemClock } from "../retry.ts";
import { readAmbient } from "./ambient.ts";
import { type Cancellation, listenForCancellation } from "./cancellation.ts";
import { voiceOf } from "./events.ts";
import { createLog } from "./log.ts";
import { Masks } from "./masks.ts";
import { neutralise } from "./neutral.ts";
import type { Printer } from "./printer.ts";
import { terminalText } from "./terminal-blocks.ts";

/** Nobody kills a terminal's process after a first Ctrl-C; a second one ends it at once. */
const graceMilliseconds = 300_000;

/** A place to write to; colours and a redrawn line only where it is a terminal. */
export interface Screen {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Width in characters. */
  readonly columns: number;
}

/** What the command line gave. */
export interface TerminalOptions {
  readonly inputs: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where log and result go. */
  readonly screen: Screen;
  /** Whether lines for debugging are shown. */
  readonly verbose: boolean;
}

/** A terminal, as an action sees it; keeps outputs and how it ended for the caller. */
export interface TerminalRunner extends Runner {
  readonly cancellation: Cancellation;
  readonly outputs: Readonly<Record<string, string>>;
  /** Whether `fail` was called. */
  readonly failed: boolean;
}

export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

export function painter(screen: Pick<Screen, "isTTY">): Paint {
  return (style, text) => (screen.isTTY ? styleText(style, text, { validateStream: false }) : text);
}

/** `values` are secrets that the command line named; they are masked before anything else happens. */
export function createTerminalRunner(options: TerminalOptions, values: readonly string[]): TerminalRunner {
  const { inputs, screen, env } = options;
  const masks = new Masks();
  const mask = (value: string) => void masks.add(value);
  for (const value of values) mask(value);
  const printer = terminalPrinter(screen, options.verbose);
  const { log, emit } = voiceOf(createLog(masks, printer), printer, () => Date.now());
  const cancellation = listenForCancellation(
    () => log.info("Stopping: what is under way is brought to a clean end. Press Ctrl-C again to end at once."),
    { grace: graceMilliseconds, onAgain: () => process.exit(1) },
  );
  const context: Context = {
    log,
    emit,
    mask,
    signal: cancellation.signal,
    clock: systemClock,
    ambient: readAmbient(env, mask),
    remember: () => {},
  };
  const paint = painter(screen);
  const outputs: Record<string, string> = {};
  let failed = false;
  return {
    context,
    cancellation,
    grace: cancellation.grace,
    input: (name) => inputs[name],
    given: Object.keys(inputs),
    remembered: {},
    outputs,
    get failed() {
      return failed;
    },
    setOutput(name, value) {
      outputs[name] = masks.apply(value);
    },
    async conclude(ending: Ending) {
      const text = neutralise(masks.apply(terminalText(ending.blocks, screen.columns)));
      if (text !== "") printer.line(`\n${text}\n`);
      if (!ending.failure) printer.line(paint(["bold", "green"], neutralise(masks.apply(ending.headline))));
    },
    masked: (text) => masks.apply(text),
    fail(code, message, at) {
      failed = true;
      printer.line(errorText(code, neutralise(masks.apply(message)), at, paint));
    },
  };
}

/** `error CODE eks-deploy.yaml:3:5`, then what happened and what to do. */
export function errorText(code: string, message: string, at: Position | undefined, paint: Paint): string {
  return `${paint(["bold", "red"], "error")} ${paint("bold", code)}${placeText(at)}\n${indented(message)}`;
}

function terminalPrinter(screen: Screen, verbose: boolean): Printer {
  const paint = painter(screen);
  let live = false;
  const line = (text: string) => {
    screen.write(`${live ? "\r\u001b[2K" : ""}${text}\n`);
    live = false;
  };
  return {
    interval: screen.isTTY ? 200 : 15_000,
    line,
    debug: (text) => {
      if (verbose) line(paint("dim", text));
    },
    openGroup: (title) => line(paint("bold", title)),
    closeGroup: () => {},
    progress(text) {
      if (!screen.isTTY) return line(text);
      screen.write(`\r\u001b[2K${paint("dim", text.slice(0, screen.columns - 1))}`);
      live = true;
    },
    finding({ code, level, happened, next, at }: Finding) {
      const name = paint(["bold", level === "error" ? "red" : "yellow"], level);
      line(`${name} ${paint("bold", code)}${placeText(at)}\n${indented(`${happened}\n${next}`)}`);
    },
  };
}

function placeText(at: Position | undefined): string {
  return at ? ` ${at.file}:${at.line}:${at.column}` : "";
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
