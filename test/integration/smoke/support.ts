import { type Routed, startBalancer } from "../../../sandbox/balancer/balancer.ts";
import { Faults } from "../../../sandbox/faults.ts";
import type { Answer, Call } from "../../../sandbox/http.ts";
import { ModelServer } from "../../../sandbox/models/server.ts";
import type { OpenPaths } from "../../../sandbox/models/side-doors.ts";
import { type ModelTrouble, ModelTroubles } from "../../../sandbox/models/troubles.ts";
import { RequestLog } from "../../../sandbox/requests.ts";
import { type Authority, createAuthority, type Leaf, type LeafOptions } from "../../../sandbox/tls.ts";
import { Secret } from "../../../src/action/secret.ts";
import type { Check, ModelResult } from "../../../src/smoke/check.ts";
import type { SmokeSettings } from "../../../src/smoke/settings.ts";
import type { Target } from "../../../src/smoke/target.ts";
import { testModels } from "../../../src/smoke/test-models.ts";
import { type TestContext, testContext } from "../../support/context.ts";

export const key = "canary-key-7f31";
export const agent: Target = {
  key: "laguna-m",
  host: "laguna-m.example.com",
  url: "https://laguna-m.example.com/v1",
  modelName: "Laguna",
  modelType: "agent",
};
export const completion: Target = {
  key: "point",
  host: "point.example.com",
  url: "https://point.example.com/v1",
  modelName: "Point",
  modelType: "completion",
};

export interface Models {
  readonly requests: RequestLog;
  readonly faults: Faults;
  readonly troubles: ModelTroubles;
  readonly authority: Authority;
  readonly defects: unknown[];
  readonly port: number;
  /** Replaces what the load balancer does with a host. */
  routed: (host: string) => Routed | undefined;
  /** What the model server of a host answers. */
  answer(host: string, call: Call): Promise<Answer>;
  /** Tests one model; the certificate's authority is trusted. */
  smoke(target: Target, settings?: Partial<SmokeSettings>, ctx?: TestContext): Promise<ModelResult>;
  suffer(trouble: ModelTrouble): void;
  close(): Promise<void>;
}

export interface ModelsOptions {
  readonly openPaths?: OpenPaths;
  /** Changes the certificate. */
  readonly leaf?: Partial<LeafOptions>;
  readonly issuedBy?: Authority;
  readonly args?: { readonly callsTools?: boolean };
}

/** A chat and a completion model behind a load balancer with a certificate of a local authority. */
export async function startModels(options: ModelsOptions = {}): Promise<Models> {
  const authority = await createAuthority();
  const certificate: Leaf = await (options.issuedBy ?? authority).issue({ names: ["*.example.com"], ...options.leaf });
  const defects: unknown[] = [];
  const ground = {
    requests: new RequestLog(),
    faults: new Faults(),
    now: () => Date.now(),
    pace: 0,
    onDefect: (error: unknown) => void defects.push(error),
  };
  const troubles = new ModelTroubles();
  const server = (target: Target) =>
    new ModelServer({
      settings: {
        name: target.modelName,
        type: target.modelType === "completion" ? "completion" : "chat",
        key,
        thinks: true,
        callsTools: options.args?.callsTools ?? true,
        maxLength: 4096,
      },
      troubles,
      openPaths: options.openPaths ?? "none",
      rhythm: { first: 0, between: 0 },
      now: ground.now,
    });
  const servers = new Map([agent, completion].map((target) => [target.host, server(target)]));
  const balancer = await startBalancer({
    ground,
    certificate,
    route: (host) => models.routed(host) ?? ((call) => models.answer(host, call)),
  });
  const models: Models = {
    requests: ground.requests,
    faults: ground.faults,
    troubles,
    authority,
    defects,
    port: balancer.port,
    routed: () => undefined,
    answer: (host, call) => servers.get(host)!.answer(call),
    async smoke(target, settings = {}, ctx = testContext()) {
      const [result] = await testModels([target], { ...usual(models), ...settings }, "no cluster was given", ctx);
      return result!;
    },
    suffer: (trouble) => void troubles.add(trouble),
    close: () => balancer.close(),
  };
  return models;
}

function usual({ port, authority }: Models): SmokeSettings {
  return {
    key: new Secret(key),
    expectAuth: true,
    deadline: 60_000,
    patience: { silence: 2000, total: 5000 },
    resolve: { [agent.host]: `127.0.0.1:${port}`, [completion.host]: `127.0.0.1:${port}` },
    roots: [authority.certificate],
    prompt: "Write a function that reverses a string.",
    expect: {},
    samples: 2,
    thresholds: {},
    tools: false,
    baseline: undefined,
    maxRegression: undefined,
    openPaths: "completions",
  };
}

/** The checks that were made and did not pass, as `name: code: what was seen`. */
export function findings(result: ModelResult): readonly string[] {
  return result.checks
    .filter((check) => check.result !== "pass" && check.result !== "not looked at")
    .map((check) => `${check.name}: ${check.code}: ${check.seen}`);
}

export function named(result: ModelResult, name: string): Check | undefined {
  return result.checks.find((check) => check.name === name);
}
