import { existsSync } from "node:fs";
import { join } from "node:path";
import { awsSettings } from "../aws-settings.ts";
import { line, peer, product } from "../contenders.ts";
import { writeCheckpoint } from "../data/checkpoints.ts";
import { signingKeys } from "../product.ts";
import { type Contender, type Row, type RowMaker, uploadedOf, writesOf } from "../row.ts";
import { standing } from "../run.ts";
import type { World } from "../world.ts";

const mebibyte = 1_048_576;

/** A tar of 8 large and 404 small files: 1.6 GB. */
export function oneCheckpoint(world: World): string {
  const path = join(world.folder, "laguna_2611.tar");
  const largeBytes = (world.quick ? 40 : 200) * 1_000_000;
  if (!existsSync(path)) writeCheckpoint(path, { large: 8, largeBytes, small: 402, smallBytes: 20_000 });
  return path;
}

export const checkpointIntoDiscarding: RowMaker = async (world) => ({
  ...common(world, world.bucketUrl, { aws: 2.5, crt: 2.2, s5cmd: 2, curl: 1 / 1.7 }),
  id: "checkpoint",
  title: "A checkpoint tar of 1.6 GB, 412 files, over TLS into an S3 that discards",
});

export const checkpointOverNetwork: RowMaker = async (world) => ({
  ...common(world, world.slowBucketUrl, { aws: 2.1, crt: 1.4, s5cmd: 1.6 }),
  id: "checkpoint-slow",
  title: "The same tar at 30 ms and 50 MB/s a connection",
});

/** Everything is there already; the aws cli and s5cmd compare with what they unpacked. */
export const checkpointAgain: RowMaker = async (world) => {
  const row = common(world, world.bucketUrl, {});
  return {
    ...row,
    id: "checkpoint-again",
    title: "The same tar again, when everything is there",
    work: 0.2,
    contenders: [row.contenders[0]!, ...s3Syncs(world, oneCheckpoint(world))],
    before: standing(row.contenders[0]!, world),
    outcome: async (kind) => writesOf(await world.state(), kind),
  };
};

type Goals = Readonly<Partial<Record<"aws" | "crt" | "s5cmd" | "curl", number>>>;

function common(world: World, url: string, goals: Goals) {
  const tar = oneCheckpoint(world);
  return {
    memory: 200 * mebibyte,
    limits:
      "A profile shows copying (page cache, TLS, socket), CRC-32 and AES on the one thread that sends; the peers spread them over all processors, and take more of their time.",
    before: () => world.reset(),
    outcome: async () => uploadedOf(await world.state()),
    contenders: [
      product(
        world,
        "sync-checkpoints",
        { checkpoints: `laguna=${tar}`, bucket: "acme-models", prefix: "checkpoints" },
        { bucketUrl: url },
      ),
      ...s3Peers(world, url, tar, "acme-models/checkpoints/laguna/laguna_2611/", goals),
      oneConnection(world, url, tar, goals),
    ],
  } satisfies Omit<Row, "id" | "title">;
}

/** The usual ways to bring a tar into a bucket: unpack it, then upload the folder. `first` fetches the tar. */
export function s3Peers(
  world: World,
  url: string,
  tar: string,
  place: string,
  goals: Goals,
  first: { readonly name: string; readonly command: string } = { name: "", command: "" },
): readonly Contender[] {
  const { aws, s5cmd } = world.peers;
  const more = (goal: number | undefined, own = {}) => ({
    env: { ...signingKeys, AWS_CA_BUNDLE: world.authority, SSL_CERT_FILE: world.authority, ...own },
    ...(goal === undefined ? {} : { goal }),
  });
  const unpack = `${first.command}${line("tar", "-xf", tar, "-C", "{}", "--strip-components=1")} && `;
  const copy = line(...aws, "--endpoint-url", url, "s3", "cp", "--recursive", "--quiet", "{}/", `s3://${place}`);
  const sync = line(...s5cmd, "--endpoint-url", url, "cp", "{}/", `s3://${place}`);
  const name = (tool: string) => `${first.name}tar + ${tool}`;
  return [
    peer(world, name("aws cli"), unpack + copy, more(goals.aws, awsSettings(world, "classic"))),
    peer(world, name("aws cli, CRT"), unpack + copy, more(goals.crt, awsSettings(world, "crt"))),
    peer(world, name("s5cmd"), unpack + sync, more(goals.s5cmd)),
  ];
}

/** The tar itself, as one object over one connection: what the wire gives. */
function oneConnection(world: World, url: string, tar: string, goals: Goals): Contender {
  const upload = line("curl", "-sSf", "--cacert", world.authority, "-T", tar, `${url}/acme-models/whole.tar`);
  return peer(world, "curl, one connection", upload, {
    kind: "limit",
    ...(goals.curl === undefined ? {} : { goal: goals.curl }),
  });
}

/** The same ways when the bucket has everything: unpacked again, then compared by size and time. */
function s3Syncs(world: World, tar: string) {
  const { aws, s5cmd } = world.peers;
  const env = { ...signingKeys, AWS_CA_BUNDLE: world.authority, SSL_CERT_FILE: world.authority };
  const place = "s3://acme-models/checkpoints/laguna/laguna_2611/";
  const unpack = line("tar", "-xf", tar, "-C", "{}", "--strip-components=1");
  const url = world.bucketUrl;
  return [
    peer(
      world,
      "tar + aws s3 sync",
      `${unpack} && ${line(...aws, "--endpoint-url", url, "s3", "sync", "--size-only", "{}/", place)}`,
      { env },
    ),
    peer(
      world,
      "tar + s5cmd sync",
      `${unpack} && ${line(...s5cmd, "--endpoint-url", url, "sync", "--size-only", "{}/", place)}`,
      { env },
    ),
  ];
}
