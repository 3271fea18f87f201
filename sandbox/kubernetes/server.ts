import type { Answer, Call, Listening, TlsMaterial } from "../http.ts";
import { listen } from "../http.ts";
import type { Ground } from "../service.ts";
import { serve } from "../service.ts";
import { Admission } from "./admission.ts";
import { Api } from "./api.ts";
import type { Authenticate, Identity } from "./auth.ts";
import { Authorizer, authenticate } from "./auth.ts";
import { apiGroup, groupList, openApiDocument, openApiIndex, resourceList } from "./discovery.ts";
import { LogBook } from "./logs.ts";
import { Rest } from "./rest.ts";
import { operationOf, routeOf } from "./route.ts";
import { ApiError, noSuchResource } from "./status.ts";
import { Store } from "./store.ts";
import { failure, json } from "./wire.ts";

export interface ServerOptions {
  readonly tls: TlsMaterial;
  /** `1.34`: what `/version` says. */
  readonly version: string;
  readonly authenticate: Authenticate;
}

/** The API server alone: state, registry and wire, without controllers. */
export class ApiServer {
  readonly store = new Store();
  readonly logs = new LogBook();
  readonly api: Api;
  readonly authorizer: Authorizer;
  private readonly ground: Ground;
  private readonly options: ServerOptions;
  private readonly rest: Rest;

  constructor(ground: Ground, options: ServerOptions) {
    this.ground = ground;
    this.options = options;
    const admission = new Admission(this.store, () => undefined);
    this.api = new Api(this.store, admission, () => ground.now());
    this.authorizer = new Authorizer(this.store);
    this.rest = new Rest(this.api, this.authorizer, this.logs, () => ground.now());
  }

  /** Listens on a port of the loopback interface (0 = a free one). */
  listen(port = 0): Promise<Listening> {
    return listen(
      (call) => this.handle(call),
      (error) => this.ground.onDefect(error),
      this.options.tls,
      port,
    );
  }

  private handle(call: Call): Promise<Answer | undefined> {
    const route = routeOf(call);
    return serve(this.ground, call, operationOf(call, route), async (entry) => {
      try {
        const identity = await authenticate(call.headers, this.options.authenticate);
        entry.principal = identity.user;
        return route ? await this.rest.answer(call, route, identity) : this.general(call, identity);
      } catch (error) {
        if (error instanceof ApiError) return failure(error);
        throw error;
      }
    });
  }

  /** Health, version, discovery and schemas. */
  private general(call: Call, identity: Identity): Answer {
    const { path } = call;
    this.authorizer.require(identity, { verb: call.method.toLowerCase(), path });
    if (/^\/(healthz|livez|readyz)$/.test(path))
      return { status: 200, headers: { "content-type": "text/plain" }, body: "ok" };
    if (path === "/version") return json(200, this.version());
    if (path === "/openapi/v3") return json(200, openApiIndex());
    if (path.startsWith("/openapi/v3/")) return json(200, openApiDocument(path.slice("/openapi/v3/".length)));
    const [root, group, version, ...rest] = path.split("/").filter((part) => part !== "");
    if (rest.length > 0) throw noSuchResource();
    if (root === "api" && version === undefined)
      return group === undefined ? this.groups(call, "/api") : json(200, resourceList("", group));
    if (root !== "apis") throw noSuchResource();
    if (group === undefined) return this.groups(call, "/apis");
    return json(200, version === undefined ? apiGroup(group) : resourceList(group, version));
  }

  private groups(call: Call, path: "/api" | "/apis"): Answer {
    const aggregated = /g=apidiscovery\.k8s\.io;v=v2;as=APIGroupDiscoveryList/.test(call.headers.accept ?? "");
    const answer = json(200, groupList(path, aggregated));
    if (!aggregated) return answer;
    return {
      ...answer,
      headers: { "content-type": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" },
    };
  }

  private version(): Record<string, string> {
    const [major = "1", minor = "34"] = this.options.version.split(".");
    return {
      major,
      minor,
      emulationMajor: major,
      emulationMinor: minor,
      gitVersion: `v${this.options.version}.2-eks-b3126f4`,
      gitCommit: "4e0fbc1a2f9bd9c62a1d9bd7d4b1b9b1e9d1a1c0",
      gitTreeState: "clean",
      buildDate: "2026-10-14T22:10:53Z",
      goVersion: "go1.24.9",
      compiler: "gc",
      platform: "linux/amd64",
    };
  }
}
