import type { ModelProcess, ServerStart } from "../kubernetes/controllers/kubelet.ts";
import type { Ground } from "../service.ts";
import { ModelServer } from "./server.ts";
import { settingsOf } from "./settings.ts";
import type { OpenPaths } from "./side-doors.ts";
import { ModelTroubles } from "./troubles.ts";

/** As a person would wait for a first token and the next ones. */
const firstMilliseconds = 200;
const betweenMilliseconds = 20;

/** The model servers of a cluster, one per serving container that runs. */
export class ModelServers {
  readonly troubles = new ModelTroubles();
  private readonly ground: Ground;
  private readonly openPaths: OpenPaths;
  private readonly running = new Map<string, ModelServer>();

  constructor(ground: Ground, openPaths: OpenPaths = "harmless") {
    this.ground = ground;
    this.openPaths = openPaths;
  }

  /** The kubelet's hook: a container with the name `inference` serves; others are no model server. */
  readonly start = ({ pod, container, args, env }: ServerStart): ModelProcess | undefined => {
    if (container !== "inference") return undefined;
    const { pace } = this.ground;
    const server = new ModelServer({
      settings: settingsOf(args, env),
      troubles: this.troubles,
      openPaths: this.openPaths,
      rhythm: { first: firstMilliseconds * pace, between: betweenMilliseconds * pace },
      now: () => this.ground.now(),
    });
    const { uid } = pod.metadata;
    return {
      loaded: () => void this.running.set(uid, server),
      healthy: () => this.running.has(uid) && server.isHealthy(),
      stop: () => {
        if (this.running.get(uid) === server) this.running.delete(uid);
      },
    };
  };

  /** The server of a pod, once it has loaded its model. */
  of(podUid: string): ModelServer | undefined {
    return this.running.get(podUid);
  }
}
