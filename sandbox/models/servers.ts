import type { Answer, Call } from "../http.ts";
import type { ModelProcess, ServerStart } from "../kubernetes/controllers/node-services.ts";
import type { Ground } from "../service.ts";
import { ModelServer } from "./server.ts";
import { settingsOf } from "./settings.ts";
import type { OpenPaths } from "./side-doors.ts";
import { ModelTroubles } from "./troubles.ts";

/** As a person would wait for a first token and the next ones. */
const firstMilliseconds = 200;
const betweenMilliseconds = 20;

/** Something in a container that answers requests. */
export interface ContainerServer {
  isHealthy(): boolean;
  stop?(): void;
  answer(call: Call): Promise<Answer>;
}

/** The servers in a cluster's containers: a model server in each `inference`, the documentation site in each `docs`. */
export class ModelServers {
  readonly troubles = new ModelTroubles();
  private readonly ground: Ground;
  private readonly openPaths: OpenPaths;
  private readonly running = new Map<string, ContainerServer>();

  constructor(ground: Ground, openPaths: OpenPaths = "harmless") {
    this.ground = ground;
    this.openPaths = openPaths;
  }

  /** The kubelet's hook. */
  readonly start = (start: ServerStart): ModelProcess | undefined => {
    const model = start.container === "inference";
    if (!model && start.container !== "docs") return undefined;
    const server = model ? this.modelServer(start) : docsSite;
    const { uid } = start.pod.metadata;
    return {
      loads: model,
      loaded: () => void this.running.set(uid, server),
      healthy: () => this.running.get(uid) === server && server.isHealthy(),
      stop: () => {
        server.stop?.();
        if (this.running.get(uid) === server) this.running.delete(uid);
      },
    };
  };

  /** The server of a pod, once it answers. */
  of(podUid: string): ContainerServer | undefined {
    return this.running.get(podUid);
  }

  private modelServer({ args, env }: ServerStart): ModelServer {
    const { pace } = this.ground;
    return new ModelServer({
      settings: settingsOf(args, env),
      troubles: this.troubles,
      openPaths: this.openPaths,
      rhythm: { first: firstMilliseconds * pace, between: betweenMilliseconds * pace },
      now: () => this.ground.now(),
    });
  }
}

/** The offline documentation: one page. */
const docsSite: ContainerServer = {
  isHealthy: () => true,
  answer: async ({ path }) =>
    path === "/"
      ? { status: 200, headers: { "content-type": "text/html" }, body: "<!doctype html><title>Poolside</title>\n" }
      : { status: 404, headers: { "content-type": "text/html" }, body: "<!doctype html><title>Not found</title>\n" },
};
