import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freePorts, listens, startServer } from "../e2e/processes.ts";
import { versitygw } from "../e2e/software.ts";
import { account, region, signingKeys } from "./product.ts";
import type { World } from "./world.ts";

/** An S3 server over a folder of the world, with TLS and one answer that it does not give before it. */
export interface Gateway {
  readonly url: string;
  /** Its buckets are the folders in here. */
  readonly folder: string;
  readonly bucket: string;
  /** Credentials of who owns the bucket; this server names accounts by their access key. */
  readonly keys: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function startVersitygw(world: World): Promise<Gateway> {
  const program = await versitygw.get();
  const [port, front] = (await freePorts(2)) as [number, number];
  const folder = join(world.folder, "versitygw");
  const bucket = join(folder, "acme-models");
  mkdirSync(bucket, { recursive: true });
  const keys = { AWS_ACCESS_KEY_ID: account, AWS_SECRET_ACCESS_KEY: signingKeys.AWS_SECRET_ACCESS_KEY };
  const server = await startServer(
    "versitygw",
    [program, "-q", "--port", `127.0.0.1:${port}`, "--region", region, "posix", folder],
    {
      env: { ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY },
      ready: () => listens(port),
    },
  );
  const secure = await startServer(
    "TLS before versitygw",
    [
      ...([world.peers.server, "serve", "-front", `127.0.0.1:${front},127.0.0.1:${port}`] as const),
      ...["-cert", world.cert, "-key", world.key],
    ],
    { ready: () => listens(front) },
  );
  return {
    url: `https://127.0.0.1:${front}`,
    folder,
    bucket,
    keys,
    async close() {
      await secure.stop();
      await server.stop();
    },
  };
}
