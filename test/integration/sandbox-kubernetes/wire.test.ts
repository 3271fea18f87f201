import { request } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JsonMap } from "../../../sandbox/kubernetes/objects.ts";
import { create, namespace, namespaceObject, startCluster, type TestCluster } from "./support.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  create(cluster, namespaceObject());
});
afterAll(async () => {
  await cluster.close();
  expect(cluster.defects).toEqual([]);
});

interface Sent {
  readonly method?: string;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request after so many lines of its answer: a watch has no end. */
  readonly lines?: number;
}

function send(
  path: string,
  sent: Sent = {},
): Promise<{ status: number; text: string; warning: string; json(): JsonMap }> {
  const { token = "admin", body, lines = Number.POSITIVE_INFINITY } = sent;
  return new Promise((resolve, reject) => {
    const outgoing = request(`${cluster.url}${path}`, {
      method: sent.method ?? (body === undefined ? "GET" : "POST"),
      ca: cluster.authority,
      agent: false,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...sent.headers,
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (response) => {
      let text = "";
      const done = () => {
        const warning = response.headers["warning"] ?? "";
        resolve({ status: response.statusCode ?? 0, text, warning, json: () => JSON.parse(text) as JsonMap });
      };
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.split("\n").length <= lines) return;
        done();
        response.destroy();
      });
      response.once("end", done);
    });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const configmaps = `/api/v1/namespaces/${namespace}/configmaps`;
const configmap = (name: string, data: Readonly<Record<string, string>> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});
const events = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map(
      (line) =>
        JSON.parse(line) as {
          type: string;
          object: {
            kind: string;
            metadata: { name: string; resourceVersion: string; annotations?: JsonMap };
            code?: number;
          };
        },
    );

describe("who may come", () => {
  it("answers 401 to a token that nobody knows, and 403 to nobody", async () => {
    expect((await send("/api/v1/nodes", { token: "nobody" })).json()).toMatchObject({
      kind: "Status",
      code: 401,
      reason: "Unauthorized",
    });
    expect((await send("/api/v1/nodes", { token: "" })).json()).toMatchObject({
      code: 403,
      message:
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
    });
  });

  it("shows its version to anyone", async () => {
    expect((await send("/version", { token: "" })).json()).toMatchObject({
      major: "1",
      minor: "34",
      gitVersion: expect.stringContaining("-eks-"),
    });
  });

  it("lets RBAC grant a namespace's view, and SelfSubjectAccessReviews tell it", async () => {
    create(cluster, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "viewer", namespace },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ kind: "User", name: "stranger", apiGroup: "rbac.authorization.k8s.io" }],
    });
    expect((await send(`/api/v1/namespaces/${namespace}/pods`, { token: "stranger" })).status).toBe(200);
    expect((await send(`/api/v1/namespaces/${namespace}/secrets`, { token: "stranger" })).status).toBe(403);
    const review = async (verb: string, resource: string) => {
      const body = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb, resource, group: "", namespace } },
      };
      const answer = await send("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", { token: "stranger", body });
      return (answer.json() as unknown as { status: { allowed: boolean } }).status.allowed;
    };
    expect([await review("list", "pods"), await review("create", "secrets")]).toEqual([true, false]);
  });
});

describe("a write", () => {
  it("is refused with the field that is wrong", async () => {
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "x" },
      spec: {
        selector: { matchLabels: { a: "b" } },
        template: { metadata: { labels: { a: "c" } }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
    };
    const answer = await send(`/apis/apps/v1/namespaces/${namespace}/deployments`, { body: deployment });
    expect(answer.json()).toMatchObject({
      code: 422,
      reason: "Invalid",
      message: expect.stringContaining("`selector` does not match template `labels`"),
    });
  });

  it("warns of unknown fields, or refuses them when it is to be strict", async () => {
    const odd = { ...configmap("odd"), dota: {} };
    const warned = await send(configmaps, { body: odd });
    expect([warned.status, warned.warning]).toEqual([201, '299 - "unknown field \\"dota\\""']);
    const refused = await send(`${configmaps}?fieldValidation=Strict`, {
      body: { ...odd, metadata: { name: "odd2" } },
    });
    expect(refused.json()).toMatchObject({ code: 400, message: expect.stringContaining('unknown field "dota"') });
  });

  it("in a dry run changes nothing", async () => {
    const revision = cluster.store.revision;
    expect((await send(`${configmaps}?dryRun=All`, { body: configmap("dry") })).status).toBe(201);
    expect((await send(`${configmaps}/dry`)).status).toBe(404);
    expect(cluster.store.revision).toBe(revision);
  });

  it("is told from a read in the request log", async () => {
    const mark = cluster.ground.requests.all.length;
    await send(configmaps, { body: configmap("logged") });
    await send(configmaps);
    await send(`${configmaps}/logged?dryRun=All`, { method: "DELETE" });
    expect(
      cluster.ground.requests.since(mark).map(({ name, write, principal }) => `${name} ${write} ${principal}`),
    ).toEqual(["create configmaps true admin", "list configmaps false admin", "delete configmaps false admin"]);
  });
});

describe("a watch", () => {
  it("goes on from a revision, in order, and names what was deleted", async () => {
    const from = cluster.store.revision;
    await send(configmaps, { body: configmap("watched", { a: "1" }) });
    await send(`${configmaps}/watched`, {
      method: "PATCH",
      body: { data: { a: "2" } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    await send(`${configmaps}/watched`, { method: "DELETE" });
    const { text } = await send(`${configmaps}?watch=true&resourceVersion=${from}`, { lines: 3 });
    const seen = events(text);
    expect(seen.map(({ type, object }) => `${type} ${object.metadata.name}`)).toEqual([
      "ADDED watched",
      "MODIFIED watched",
      "DELETED watched",
    ]);
    const versions = seen.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });

  it("begins with the state and a bookmark when it is asked to", async () => {
    const { text } = await send(
      `${configmaps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Dkube-root-ca.crt`,
      { lines: 2 },
    );
    expect(events(text)).toMatchObject([
      { type: "ADDED", object: { metadata: { name: "kube-root-ca.crt" } } },
      {
        type: "BOOKMARK",
        object: { kind: "ConfigMap", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
      },
    ]);
  });

  it("shows an object that leaves the selection as deleted", async () => {
    const from = cluster.store.revision;
    await send(configmaps, { body: { ...configmap("labelled"), metadata: { name: "labelled", labels: { on: "1" } } } });
    await send(`${configmaps}/labelled`, {
      method: "PATCH",
      body: { metadata: { labels: { on: null } } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    const { text } = await send(`${configmaps}?watch=true&labelSelector=on&resourceVersion=${from}`, { lines: 2 });
    expect(events(text).map(({ type }) => type)).toEqual(["ADDED", "DELETED"]);
  });

  it("from a revision that history has lost answers 410 within its 200", async () => {
    const from = cluster.store.revision;
    cluster.store.compact();
    await send(configmaps, { body: configmap("after") });
    const answer = await send(`${configmaps}?watch=true&resourceVersion=${from - 1}`);
    expect(answer.status).toBe(200);
    expect(events(answer.text)).toMatchObject([{ type: "ERROR", object: { kind: "Status", code: 410 } }]);
  });

  it("ends after its timeout", async () => {
    const answer = await send(`${configmaps}?watch=true&resourceVersion=${cluster.store.revision}&timeoutSeconds=1`);
    expect(answer).toMatchObject({ status: 200, text: "" });
  });
});

describe("a list", () => {
  it("comes in pages of one revision", async () => {
    const first = (await send("/api/v1/configmaps?limit=2")).json() as unknown as {
      items: object[];
      metadata: { continue: string; remainingItemCount: number };
    };
    expect(first.items).toHaveLength(2);
    const rest = (
      await send(`/api/v1/configmaps?limit=500&continue=${encodeURIComponent(first.metadata.continue)}`)
    ).json() as unknown as { items: object[] };
    expect(rest.items).toHaveLength(first.metadata.remainingItemCount);
  });

  it("comes as a table for the command line", async () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    const table = (await send("/api/v1/nodes", { headers: { accept } })).json();
    const columns = table["columnDefinitions"] as unknown as { name: string; priority: number }[];
    expect(table["kind"]).toBe("Table");
    expect(columns.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
      "Name",
      "Status",
      "Roles",
      "Age",
      "Version",
    ]);
  });

  it("of a resource that the server does not have is a 404", async () => {
    expect((await send("/apis/example.com/v1/things")).json()).toMatchObject({
      code: 404,
      message: "the server could not find the requested resource",
    });
  });
});
