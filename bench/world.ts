import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePorts, type Server, startServer } from "../e2e/processes.ts";
import { createAuthority } from "../sandbox/tls.ts";
import { loopbackGet } from "./loopback.ts";
import { bucketNetwork, type Network, type Probed, probe, registryNetwork } from "./networks.ts";
import type { Peers } from "./software.ts";

/** What the discarding servers know of what they were sent. */
export interface ServerState {
  readonly repositories: Readonly<
    Record<
      string,
      { readonly blobs: Readonly<Record<string, Passed>>; readonly tags: Readonly<Record<string, string>> }
    >
  >;
  readonly objects: Readonly<Record<string, Passed>>;
  readonly requests: Readonly<Record<string, number>>;
  /** Bytes of bodies. */
  readonly received: number;
}

export interface Passed {
  readonly size: number;
  /** One word of every 4 KiB, joined: equal for equal bytes. */
  readonly sample: string;
}

/** The servers that all sides talk to; everything on loopback. */
export interface World {
  readonly folder: string;
  /** A copy of the product as users run it. */
  readonly dist: string;
  readonly peers: Peers;
  /** Less data, and only what has a goal. */
  readonly quick: boolean;
  /** `host:port` of the registry that discards, of the same one over a slow network, and of a real one. */
  readonly registry: string;
  readonly slowRegistry: string;
  readonly realRegistry: string;
  /** `https://host:port` of the S3 that discards, and of the same one over a slow network. Files of `folder` lie under /files/. */
  readonly bucketUrl: string;
  readonly slowBucketUrl: string;
  /** PEM file of the authority that signed its certificate. */
  readonly authority: string;
  /** PEM files of the certificate itself and its key. */
  readonly cert: string;
  readonly key: string;
  /** What a known sender found of the slow networks. */
  readonly networks: readonly Probed[];
  state(): Promise<ServerState>;
  /** Forgets all that was sent. */
  reset(): Promise<void>;
  /** Forgets only what was counted, and the objects below `<bucket>/<prefix>`. */
  resetCounts(below?: string): Promise<void>;
  /** Makes a file an object of the S3 that discards: `<bucket>/<key>`. */
  lay(key: string, path: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts the servers over `folder`, which lies on a disk. `dist`: the built product; a copy is run, so that a build meanwhile changes nothing. */
export async function startWorld(folder: string, dist: string, peers: Peers, quick: boolean): Promise<World> {
  cpSync(dist, join(folder, "dist"), { recursive: true });
  const ports = await freePorts(5);
  const [registry, slowRegistry, realRegistry, bucket, slowBucket] = ports.map((port) => `127.0.0.1:${port}`) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const paths = {
    authority: join(folder, "authority.pem"),
    cert: join(folder, "cert.pem"),
    key: join(folder, "key.pem"),
  };
  const authority = await createAuthority("eks-deploy bench");
  const leaf = await authority.issue({ names: ["localhost", "127.0.0.1"] });
  writeFileSync(paths.authority, authority.certificate);
  writeFileSync(paths.cert, leaf.cert);
  writeFileSync(paths.key, leaf.key);
  const slow = (from: string, to: string, { trip, rate, total }: Network) => [
    "-slow",
    `${from},${to},${trip},${rate},${total}`,
  ];
  const discarding = await startServer(
    "discarding servers",
    [
      peers.server,
      ...["serve", "-http", registry, "-https", bucket, "-cert", paths.cert, "-key", paths.key, "-files", folder],
      ...slow(slowRegistry, registry, registryNetwork),
      ...slow(slowBucket, bucket, bucketNetwork),
    ],
    { ready: async () => (await loopbackGet(`http://${registry}/v2/`)) !== undefined },
  );
  const networks = [
    await probe(peers.server, "the registry", `http://${slowRegistry}/bench/sink`, registryNetwork, paths.authority),
    await probe(peers.server, "S3", `https://${slowBucket}/bench/sink`, bucketNetwork, paths.authority),
  ];
  const real = await startRegistry(folder, realRegistry, peers);
  const ask = (path: string) => loopbackGet(`http://${registry}${path}`);
  return {
    folder,
    dist: join(folder, "dist"),
    peers,
    quick,
    registry,
    slowRegistry,
    realRegistry,
    bucketUrl: `https://${bucket}`,
    slowBucketUrl: `https://${slowBucket}`,
    ...paths,
    networks,
    state: async () => JSON.parse(await ask("/bench/state")) as ServerState,
    async reset() {
      await ask("/bench/reset");
      for (const name of readdirSync(join(folder, "registry")))
        rmSync(join(folder, "registry", name), { recursive: true });
    },
    resetCounts: async (below = "") => void (await ask(`/bench/reset?counts&below=${encodeURIComponent(below)}`)),
    lay: async (key, path) => {
      const answer = await ask(`/bench/lay?key=${encodeURIComponent(key)}&path=${encodeURIComponent(path)}`);
      if (answer !== "") throw new Error(`${path} could not be laid into the bucket: ${answer}`);
    },
    async close() {
      await discarding.stop();
      await real.stop();
    },
  };
}

async function startRegistry(folder: string, host: string, peers: Peers): Promise<Server> {
  mkdirSync(join(folder, "registry"), { recursive: true });
  const configuration = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "registry") }, delete: { enabled: true } },
    http: { addr: host },
  };
  writeFileSync(join(folder, "registry.yml"), JSON.stringify(configuration));
  return startServer("docker-registry", [peers.dockerRegistry[0]!, "serve", join(folder, "registry.yml")], {
    ready: async () => (await loopbackGet(`http://${host}/v2/`)) !== undefined,
  });
}
