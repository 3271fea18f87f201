import { awsSettings } from "../aws-settings.ts";
import { line, peer } from "../contenders.ts";
import { signingKeys } from "../product.ts";
import type { Contender } from "../row.ts";
import type { World } from "../world.ts";

/** A bucket that peers write to, and what they need for it. */
export interface Bucket {
  /** URL of S3. */
  readonly url: string;
  /** `<bucket>/<prefix>/`. */
  readonly place: string;
  /** Credentials other than the usual. */
  readonly keys?: Readonly<Record<string, string>>;
}

/** By how much the product must be faster than each. */
export type UploadGoals = Readonly<Partial<Record<"aws" | "crt" | "s5cmd" | "rclone", number>>>;

/** Something that is done before an upload, with its name for the table. */
export interface First {
  readonly name: string;
  readonly command: string;
}

/** Unpacks a tar into the folder of the run. */
export function unpacking(tar: string): First {
  return { name: "tar + ", command: `${line("tar", "-xf", tar, "-C", "{}", "--strip-components=1")} && ` };
}

/** The usual ways to bring a folder into a bucket, each with its experts' options; `first` makes the folder. */
export function uploaders(world: World, bucket: Bucket, first: First, goals: UploadGoals = {}): readonly Contender[] {
  const { aws, s5cmd } = world.peers;
  const { url, place } = bucket;
  const more = moreOf(world, bucket);
  const copy = line(
    ...aws,
    "--endpoint-url",
    url,
    "s3",
    "cp",
    "--recursive",
    "--only-show-errors",
    "{}/",
    `s3://${place}`,
  );
  return [
    peer(world, `${first.name}aws cli`, first.command + copy, more(goals.aws, awsSettings(world, "classic"))),
    peer(world, `${first.name}aws cli, CRT`, first.command + copy, more(goals.crt, awsSettings(world, "crt"))),
    peer(
      world,
      `${first.name}s5cmd`,
      first.command + line(...s5cmd, "--endpoint-url", url, "cp", "{}/", `s3://${place}`),
      more(goals.s5cmd),
    ),
    peer(world, `${first.name}rclone`, first.command + rclone(world, bucket, "copy", "{}/"), more(goals.rclone)),
  ];
}

/** The same ways when the bucket has everything: what was unpacked again is compared with it by size. */
export function syncs(world: World, bucket: Bucket, first: First): readonly Contender[] {
  const { aws, s5cmd } = world.peers;
  const { url, place } = bucket;
  const more = moreOf(world, bucket)();
  const awsSync = line(...aws, "--endpoint-url", url, "s3", "sync", "--size-only", "{}/", `s3://${place}`);
  const s5cmdSync = line(...s5cmd, "--endpoint-url", url, "sync", "--size-only", "{}/", `s3://${place}`);
  return [
    peer(world, `${first.name}aws s3 sync`, first.command + awsSync, more),
    peer(world, `${first.name}s5cmd sync`, first.command + s5cmdSync, more),
    peer(world, `${first.name}rclone sync`, first.command + rclone(world, bucket, "copy", "{}/", "--size-only"), more),
  ];
}

/** Copies of a prefix inside S3: the bytes stay there. */
export function copiers(world: World, bucket: Bucket, from: string): readonly Contender[] {
  const { aws, s5cmd } = world.peers;
  const { url, place } = bucket;
  const more = moreOf(world, bucket);
  const bookkeeping = ".eks-deploy/*";
  const awsCopy = line(
    ...[...aws, "--endpoint-url", url, "s3", "cp", "--recursive", "--only-show-errors", "--copy-props", "none"],
    ...["--exclude", bookkeeping, `s3://${from}`, `s3://${place}`],
  );
  return [
    // One request copies up to 5 GiB (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html): parts would only be more of them.
    peer(world, "aws s3 cp", awsCopy, more(undefined, awsSettings(world, "classic", "5GB"))),
    peer(
      world,
      "s5cmd cp",
      line(...s5cmd, "--endpoint-url", url, "cp", "--exclude", bookkeeping, `s3://${from}*`, `s3://${place}`),
      more(),
    ),
    peer(
      world,
      "rclone copy",
      rclone(world, bucket, "copy", `:s3:${from}`, "--exclude", bookkeeping, "--fast-list", "--s3-copy-cutoff", "5G"),
      more(),
    ),
  ];
}

function moreOf(world: World, { keys = signingKeys }: Bucket) {
  return (goal?: number, own: Readonly<Record<string, string>> = {}) => ({
    env: { ...signingKeys, ...keys, AWS_CA_BUNDLE: world.authority, SSL_CERT_FILE: world.authority, ...own },
    ...(goal === undefined ? {} : { goal }),
  });
}

/** rclone with 32 transfers, parts of 16 MiB, eight of a file at once, and no MD5 of whole files before the upload. */
function rclone(
  world: World,
  { url, place }: Bucket,
  command: string,
  from: string,
  ...more: readonly string[]
): string {
  return line(
    ...[...world.peers.rclone, command, "--config", "/dev/null", "--ca-cert", world.authority],
    ...["--s3-provider", "Other", "--s3-env-auth", "--s3-region", "us-east-2", "--s3-endpoint", url],
    ...["--s3-no-check-bucket", "--s3-disable-checksum", "--s3-chunk-size", "16M", "--s3-upload-cutoff", "16M"],
    ...["--s3-upload-concurrency", "8", "--transfers", "32", "--checkers", "32", "--no-traverse"],
    ...[...more, from, `:s3:${place}`],
  );
}
