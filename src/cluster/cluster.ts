import type { IncomingMessage } from "node:http";
import type { Context } from "../action/context.ts";
import { type RetryAdvice, retry } from "../retry.ts";
import type { Endpoint } from "./endpoint.ts";
import { ApiFailure, refusal, unreachable } from "./failures.ts";
import type { KubeObject } from "./objects.ts";
import { pathOf, type Resource } from "./resources.ts";
import { Wire, type WireRequest } from "./wire.ts";

/** Which objects a list or watch means; without a namespace all of them. */
export interface Scope {
  readonly namespace?: string;
  /** Label selector, `owner=helm,name=inference`. */
  readonly labels?: string;
  /** Field selector, `metadata.name=x`. */
  readonly fields?: string;
}

/** The name under which our fields are managed. */
export const fieldManager = "eks-deploy";

/** Objects of one page of a list. */
const pageSize = 500;

interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** A cluster's API, typed lightly. Refusals are `ApiFailure`; reads answer `undefined` for what is not there. */
export class Cluster {
  readonly endpoint: Endpoint;
  private readonly wire: Wire;
  private readonly ctx: Context;

  constructor(endpoint: Endpoint, ctx: Context, wire: Wire = new Wire(endpoint, ctx)) {
    this.endpoint = endpoint;
    this.ctx = ctx;
    this.wire = wire;
  }

  get label(): string {
    return this.endpoint.label;
  }

  get server(): string {
    return this.endpoint.server.href.replace(/\/$/, "");
  }

  /** The same cluster and connections for a context with another signal or log. */
  within(ctx: Context): Cluster {
    return new Cluster(this.endpoint, ctx, this.wire);
  }

  /** One request, tried again where that is safe; a token that was refused is renewed once. */
  async request<T>(request: WireRequest, doing: string): Promise<T> {
    const { signal, clock } = this.ctx;
    let renew = false;
    let renewed = false;
    try {
      return await retry(
        async () => {
          const answer = await this.wire.ask(request, renew, signal);
          if (answer.status < 300) return JSON.parse(answer.body || "null") as T;
          const failure = refusal(answer.status, answer.body, doing, this.endpoint);
          renew = answer.status === 401 && !renewed;
          renewed ||= renew;
          throw Object.assign(failure, { advice: adviceFor(answer.status, answer.retryAfter, renew) });
        },
        { clock, signal, attempts: 6, total: 120_000, advise: (thrown) => advise(thrown, request) },
      );
    } catch (thrown) {
      throw unreachable(thrown, doing, this.endpoint);
    }
  }

  /** A streamed answer: a watch or a log. A refusal is thrown; a token that was refused is renewed once. */
  async stream(target: string, doing: string, signal: AbortSignal, quiet: number): Promise<IncomingMessage> {
    try {
      for (const renew of [false, true]) {
        const answer = await this.wire.open({ method: "GET", target }, renew, signal, quiet);
        const status = answer.statusCode ?? 0;
        if (status < 300) return answer;
        const chunks: Buffer[] = [];
        for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
        if (status !== 401 || renew)
          throw refusal(status, Buffer.concat(chunks).toString("utf8"), doing, this.endpoint);
      }
    } catch (thrown) {
      throw unreachable(thrown, doing, this.endpoint);
    }
    throw refusal(401, "", doing, this.endpoint);
  }

  get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<T | undefined> {
    const target = pathOf(resource, { name, ...(namespace ? { namespace } : {}) });
    return this.request<T>({ method: "GET", target }, `reading ${named(resource, name)}`).catch(absent);
  }

  /** All objects of a scope, page by page, with the version from which a watch goes on. */
  async listed<T extends KubeObject>(
    resource: Resource<T>,
    scope: Scope,
  ): Promise<{ readonly items: readonly T[]; readonly version: string }> {
    const items: T[] = [];
    let next = "";
    for (;;) {
      const page: List<T> = await this.request<List<T>>(
        { method: "GET", target: `${pathOf(resource, scope)}?${query(scope, { limit: pageSize, continue: next })}` },
        `listing ${resource.plural}`,
      );
      // Items of a list carry no apiVersion and kind.
      for (const item of page.items) items.push({ apiVersion: resource.apiVersion, kind: resource.kind, ...item });
      next = page.metadata?.continue ?? "";
      if (next === "") return { items, version: page.metadata?.resourceVersion ?? "" };
    }
  }

  async list<T extends KubeObject>(resource: Resource<T>, scope: Scope = {}): Promise<readonly T[]> {
    return (await this.listed(resource, scope)).items;
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const target = `${pathOf(resource, placeOf(object))}?fieldManager=${fieldManager}`;
    return this.request<T>(
      { method: "POST", target, body: body(resource, object) },
      `creating ${named(resource, object.metadata.name)}`,
    );
  }

  /** Replaces an object; its resourceVersion must still be the one that was read (`Conflict` otherwise). */
  replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const { name } = object.metadata;
    const target = `${pathOf(resource, { ...placeOf(object), name })}?fieldManager=${fieldManager}`;
    return this.request<T>({ method: "PUT", target, body: body(resource, object) }, `writing ${named(resource, name)}`);
  }

  /** Server-side apply with our field manager. Without `force` a field of another manager is a `Conflict`, and nothing is written. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: { force?: boolean } = {}): Promise<T> {
    const { name } = object.metadata;
    const target = `${pathOf(resource, { ...placeOf(object), name })}?fieldManager=${fieldManager}&force=${options.force ?? false}`;
    return this.request<T>(
      { method: "PATCH", target, contentType: "application/apply-patch+yaml", body: body(resource, object) },
      `applying ${named(resource, name)}`,
    );
  }

  /** A JSON merge patch. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    place: { readonly name: string; readonly namespace?: string },
    change: unknown,
  ): Promise<T> {
    const target = `${pathOf(resource, place)}?fieldManager=${fieldManager}`;
    return this.request<T>(
      { method: "PATCH", target, contentType: "application/merge-patch+json", body: JSON.stringify(change) },
      `changing ${named(resource, place.name)}`,
    );
  }

  /** Deletes an object, with `uid` and `version` only that very one; what is already gone is fine. */
  async delete(
    resource: Resource,
    place: { readonly name: string; readonly namespace?: string; readonly uid?: string; readonly version?: string },
  ): Promise<void> {
    const preconditions = { uid: place.uid, resourceVersion: place.version };
    const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background", preconditions };
    await this.request(
      { method: "DELETE", target: pathOf(resource, place), body: JSON.stringify(options) },
      `deleting ${named(resource, place.name)}`,
    ).catch(absent);
  }

  /** Kubernetes' version, `1.34`. */
  async version(): Promise<string> {
    const { major, minor } = await this.request<{ major: string; minor: string }>(
      { method: "GET", target: "/version" },
      "asking for its version",
    );
    return `${major}.${minor.replace(/\D.*$/, "")}`;
  }

  close(): void {
    this.wire.close();
  }
}

/** Query text of a scope and further parameters; empty ones are left out. */
export function query(scope: Scope, more: Readonly<Record<string, string | number | boolean>> = {}): string {
  const all = { labelSelector: scope.labels, fieldSelector: scope.fields, ...more };
  const given = Object.entries(all).filter(([, value]) => value !== undefined && value !== "");
  return new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString();
}

function body(resource: Resource, object: KubeObject): string {
  return JSON.stringify({ apiVersion: resource.apiVersion, kind: resource.kind, ...object });
}

function placeOf(object: KubeObject): { namespace?: string } {
  return object.metadata.namespace ? { namespace: object.metadata.namespace } : {};
}

function named(resource: Resource, name: string): string {
  return `${resource.kind} ${name}`;
}

function absent(thrown: unknown): undefined {
  if (thrown instanceof ApiFailure && thrown.status === 404) return undefined;
  throw thrown;
}

function adviceFor(status: number, after: number | undefined, renewing: boolean): RetryAdvice {
  if (renewing) return { retry: true, after: 0 };
  const again = status === 429 || status === 503 || status === 504;
  return after === undefined ? { retry: again } : { retry: again, after };
}

const lost = /^(ECONNRESET|EPIPE|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN|ENOTFOUND|EHOSTUNREACH|ENETUNREACH)$/;

/** A lost answer to a POST may have been a success: only what never reached the server is sent again. */
function advise(thrown: unknown, { method, asks }: WireRequest): RetryAdvice {
  const told = (thrown as { advice?: RetryAdvice }).advice;
  if (told) return told;
  const { code = "" } = thrown as { code?: string };
  if (method === "POST" && !asks) return { retry: code === "ECONNREFUSED" || code === "EAI_AGAIN" };
  return { retry: lost.test(code) };
}
