import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect, createServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { type Routed, startBalancer } from "../../sandbox/balancer/balancer.ts";
import type { Call } from "../../sandbox/http.ts";
import { digestOf, parseManifest } from "../../sandbox/registry/manifest.ts";
import { writeSampleCheckpoints } from "../../sandbox/sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "../../sandbox/sample/spec.ts";
import { createAuthority } from "../../sandbox/tls.ts";
import { helm } from "../../sandbox/tools.ts";
import { startWorld, type World } from "../../sandbox/world.ts";
import { systemClock } from "../../src/retry.ts";
import { readAmbient } from "../../src/runner/ambient.ts";
import { testContext } from "../../test/support/context.ts";
import { type TestRunner, testRunner } from "../../test/support/runner.ts";
import type { KubeObject } from "../control-plane/api.ts";
import { type RealCluster, startCluster, waitUntil } from "../control-plane/cluster.ts";
import { useAwsEnvironment } from "../environment.ts";
import { startFront } from "../front.ts";
import { registryPassword, startDistribution } from "../protocols/distribution.ts";
import { writeRealBundle } from "./bundle.ts";
import { startContainerd } from "./containerd.ts";
import { type Node, startNode } from "./kubelet.ts";
import { nodeAddress } from "./machine.ts";
import { startIdentityWebhook, startTokenReviews } from "./webhooks.ts";

export const namespace = "poolside-models";
export const apiKey = "canary-key-e2e-node-5d";

/** A real cluster with a real node and a real registry; AWS's other services are the sandbox's. A job of GitHub runs in it. */
export interface NodeRoom {
  readonly world: World;
  readonly cluster: RealCluster;
  readonly node: Node;
  readonly folder: string;
  /** Host of the registry. */
  readonly registry: string;
  /** A runner with these inputs over the job's. */
  runner(inputs?: Readonly<Record<string, string>>): TestRunner;
  pods(namespace: string): Promise<readonly KubeObject[]>;
  close(): Promise<void>;
}

export async function openNodeRoom(): Promise<NodeRoom> {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-node-"));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const each of closers.reverse()) await each();
  };
  try {
    const world = await startWorld({ pace: 0.01 });
    closers.push(() => world.close());
    const onDefect = (error: unknown) => {
      throw error;
    };
    const registry = await startRegistry(world);
    closers.push(() => registry.close());
    world.aws.ecr.issueToken = () => ({ password: registryPassword, expiresAt: Date.now() + 12 * 60 * 60 * 1000 });

    const reviews = await startTokenReviews(world.access.authenticate, onDefect);
    closers.push(() => reviews.close());
    const { issuer } = world.cluster;
    const cluster = await startCluster({
      nodes: [],
      issuer: { url: issuer.url, privateKey: issuer.signingKey() },
      tokenReviews: reviews.url,
    });
    closers.push(() => cluster.close());
    world.cluster.endpoint = cluster.url;
    world.cluster.authority = cluster.authority;

    const endpoint = await forward(Number(new URL(world.env["AWS_ENDPOINT_URL"]!).port));
    closers.push(() => endpoint.close());
    const { region } = world.names;
    const url = `http://${nodeAddress}:${endpoint.port}`;
    // The SDK for Go reads the first for S3, and the second where it asks for credentials.
    const variables = { AWS_REGION: region, AWS_ENDPOINT_URL: url, AWS_ENDPOINT_URL_STS: url };
    const webhook = await startIdentityWebhook(cluster, variables, onDefect);
    closers.push(() => webhook.close());

    const { bundle, pause } = await writeRealBundle(folder);
    const credentials = { host: registry.host, username: "AWS", password: registryPassword };
    const runtime = await startContainerd({ folder, sandboxImage: "localhost/pause:1", registry: credentials });
    closers.push(() => runtime.stop());
    await runtime.load(pause, "localhost/pause");
    const node = await startNode(cluster, runtime, folder);
    closers.push(() => node.stop());
    const pods = (of: string) => cluster.api.list(`/api/v1/namespaces/${of}/pods`);
    closers.push(() => endPods(cluster));

    const front = await startBalancerFor(world, async (host) => addressFor(await pods(namespace), host));
    closers.push(() => front.close());
    const restore = useAwsEnvironment(world.env);
    closers.push(restore);
    writeSpec(world, folder, bundle);
    writeFileSync(join(folder, "authority.pem"), front.authority);
    const path = `${join(await helm(4), "..")}:${process.env["PATH"]}`;
    let runs = 0;
    return {
      world,
      cluster,
      node,
      folder,
      registry: registry.host,
      pods,
      close,
      runner(inputs = {}) {
        runs += 1;
        const temp = join(folder, "temp", String(runs));
        mkdirSync(temp, { recursive: true });
        const ambient = readAmbient({ ...world.env, ...jobEnvironment(folder, temp, path, runs) }, () => {});
        return testRunner(
          {
            environment: "dev",
            "api-key": apiKey,
            resolve: sampleModels.map(({ host }) => `${host}=127.0.0.1:${front.port}`).join("\n"),
            "ca-certificate": join(folder, "authority.pem"),
            samples: "1",
            ...inputs,
          },
          testContext({ clock: systemClock, ambient }),
        );
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The registry is the other's; ECR's control plane, which is the sandbox's, hears of every image that it takes. */
async function startRegistry(world: World): Promise<{ readonly host: string; close(): Promise<void> }> {
  const { ecr } = world.aws;
  const server = await startDistribution();
  const place = ({ url = "" }: IncomingMessage) => /^\/v2\/(.+)\/manifests\/([^/?]+)$/.exec(url);
  const front = await startFront(Number(server.host.split(":")[1]), {
    keeps: (request) => request.method === "PUT" && place(request) !== null,
    taken(request, content) {
      const [, name = "", reference = ""] = place(request) ?? [];
      const mediaType = request.headers["content-type"] ?? "";
      const digest = digestOf(content);
      const manifest = parseManifest(content, mediaType);
      const { images, tags } = ecr.repository(name);
      images.set(digest, { digest, mediaType, content, manifest, pushedAt: ecr.now(), status: "ACTIVE" });
      if (!reference.startsWith("sha256:")) tags.set(reference, digest);
    },
  });
  ecr.host = `127.0.0.1:${front.port}`;
  return {
    host: ecr.host,
    async close() {
      await front.close();
      await server.close();
    },
  };
}

function jobEnvironment(folder: string, temp: string, path: string, run: number): Record<string, string> {
  return {
    PATH: path,
    HOME: folder,
    GITHUB_WORKSPACE: folder,
    GITHUB_REPOSITORY: "acme/models",
    GITHUB_RUN_ID: String(5_000 + run),
    GITHUB_ACTOR: "octocat",
    GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
    RUNNER_TEMP: temp,
  };
}

function writeSpec(world: World, folder: string, bundle: string): void {
  const archives = writeSampleCheckpoints(join(folder, "checkpoints"), 0.05);
  const checkpoints = Object.fromEntries(
    Object.entries(archives).map(([key, path]) => [key, `./${relative(folder, path)}`]),
  );
  const place = `./${relative(folder, bundle)}`;
  writeFileSync(join(folder, "eks-deploy.yaml"), sampleSpec({ ...world.names, bundle: place, checkpoints }));
}

/** Pods cannot reach the loopback interface of their node: what listens there is passed on to them. */
async function forward(port: number): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: TcpServer = createServer((socket) => {
    const upstream = connect(port, "127.0.0.1");
    socket.pipe(upstream).pipe(socket);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const)
      one.on("error", () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, nodeAddress, resolve));
  return {
    port: (server.address() as { port: number }).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Stands in for the load balancer: TLS by the models' names, then to the pod of the host's model. */
async function startBalancerFor(world: World, addressOf: (host: string) => Promise<string | undefined>) {
  const authority = await createAuthority("e2e front");
  const certificate = await authority.issue({ names: ["*.dev.example.com"] });
  const pass = (host: string) => async (call: Call) => {
    const address = await addressOf(host);
    if (address === undefined) return { status: 503, body: "no pod is ready" };
    const { authorization, "content-type": type } = call.headers;
    const body = call.method === "POST" ? new Uint8Array(await call.body()) : undefined;
    const answer = await fetch(`http://${address}:8000${call.path}`, {
      method: call.method,
      headers: { ...(authorization ? { authorization } : {}), ...(type ? { "content-type": type } : {}) },
      ...(body ? { body } : {}),
    });
    return {
      status: answer.status,
      headers: { "content-type": answer.headers.get("content-type") ?? "application/octet-stream" },
      ...(answer.body ? { body: Readable.fromWeb(answer.body as never) } : {}),
    };
  };
  const balancer = await startBalancer({
    ground: {
      requests: world.requests,
      faults: world.faults,
      now: world.now,
      pace: 0,
      onDefect: (error) => {
        throw error;
      },
    },
    certificate,
    route: (host): Routed => pass(host),
  });
  return { port: balancer.port, authority: authority.certificate, close: () => balancer.close() };
}

function addressFor(pods: readonly KubeObject[], host: string): string | undefined {
  const component = host.split(".")[0];
  const serving = pods.find(
    ({ metadata, status }) =>
      metadata.labels?.["app.kubernetes.io/component"] === component &&
      status.conditions?.some(
        ({ type, status: is }: { type: string; status: string }) => type === "Ready" && is === "True",
      ),
  );
  return serving?.["status"].podIP;
}

/** Shims outlive a runtime that is stopped while pods run. */
async function endPods(cluster: RealCluster): Promise<void> {
  const all = await cluster.api.list("/apis/apps/v1/deployments");
  for (const { metadata } of all)
    await cluster.api.remove(`/apis/apps/v1/namespaces/${metadata.namespace}/deployments/${metadata.name}`);
  await waitUntil(
    "all pods have ended",
    async () => {
      const pods = await cluster.api.list("/api/v1/pods");
      for (const { metadata } of pods)
        if (!metadata.deletionTimestamp)
          await cluster.api.remove(
            `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}?gracePeriodSeconds=1`,
          );
      return pods.length === 0;
    },
    90_000,
  );
}
