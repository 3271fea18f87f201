import { tmpdir } from "node:os";
import type { Ambient, Context, Event, Finding } from "../../src/action/context.ts";
import { Secret } from "../../src/action/secret.ts";
import { Cancelled } from "../../src/errors.ts";
import type { Clock } from "../../src/retry.ts";

/** A clock that jumps: sleeping costs no time. */
export interface FakeClock extends Clock {
  advance(milliseconds: number): void;
  /** Every sleep that was asked for, in ms. */
  readonly sleeps: readonly number[];
}

export function fakeClock(start = Date.parse("2026-11-24T00:00:00Z")): FakeClock {
  let now = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    random: () => 0.5,
    advance(milliseconds) {
      now += milliseconds;
    },
    async sleep(milliseconds, signal) {
      if (signal?.aborted) throw new Cancelled();
      sleeps.push(milliseconds);
      now += milliseconds;
      await Promise.resolve();
    },
  };
}

/** What a test context recorded. */
export interface Recorded {
  readonly lines: string[];
  readonly findings: Finding[];
  readonly events: Event[];
  readonly masks: string[];
  readonly remembered: Record<string, string>;
}

export type TestContext = Context & { readonly recorded: Recorded };

/** A context that records; `env` is what `ambient.named` knows. */
export function testContext(
  options: {
    ambient?: Partial<Ambient>;
    clock?: Clock;
    signal?: AbortSignal;
    env?: Readonly<Record<string, string>>;
  } = {},
): TestContext {
  const recorded: Recorded = { lines: [], findings: [], events: [], masks: [], remembered: {} };
  const mask = (value: string) => void recorded.masks.push(value);
  return {
    recorded,
    clock: options.clock ?? fakeClock(),
    signal: options.signal ?? new AbortController().signal,
    ambient: { ...testAmbient(options.env ?? {}, mask), ...options.ambient },
    emit: (event) => void recorded.events.push(event),
    mask,
    remember(key, value) {
      recorded.remembered[key] = value;
    },
    log: {
      info: (line) => void recorded.lines.push(line),
      debug: (line) => void recorded.lines.push(line),
      finding: (finding) => void recorded.findings.push(finding),
      group: (_, body) => body(),
    },
  };
}

export function testAmbient(
  env: Readonly<Record<string, string>> = {},
  mask: (value: string) => void = () => {},
): Ambient {
  return {
    region: undefined,
    workspace: process.cwd(),
    temp: tmpdir(),
    home: tmpdir(),
    path: process.env["PATH"] ?? "",
    kubeconfig: undefined,
    proxy: { https: undefined, http: undefined, none: undefined },
    extraRoots: [],
    oidc: undefined,
    run: {
      url: "https://github.com/acme/models/actions/runs/4711",
      id: "4711",
      repository: "acme/models",
      actor: "octocat",
      sha: "0".repeat(40),
    },
    named(name) {
      const value = env[name];
      if (value === undefined) return undefined;
      mask(value);
      return new Secret(value);
    },
  };
}
