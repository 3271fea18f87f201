import { awsSettings } from "../aws-settings.ts";
import { line, peer, product } from "../contenders.ts";
import { signingKeys } from "../product.ts";
import { countedBy, memoryGoal, type RowMaker, uploadedOf } from "../row.ts";
import { standing } from "../run.ts";
import { checkpointPlace, oneCheckpoint, syncing } from "./checkpoint.ts";
import { copiers } from "./uploads.ts";

/** The checkpoint stands under a prefix; S3 copies it to another, as a promotion does. */
export const checkpointCopied: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  const prefix = "promoted";
  const place = `acme-models/${prefix}/laguna/laguna_2611/`;
  return {
    ...countedBy(world),
    id: "checkpoint-copy",
    title: `The checkpoint of ${text} from one prefix to another: S3 copies it by itself`,
    label: `${text} checkpoint, server-side copy`,
    memory: memoryGoal,
    before: standing(syncing(world, path, world.bucketUrl), world, `acme-models/${prefix}/`),
    outcome: async () => uploadedOf(await world.state(), place),
    contenders: [
      product(world, "sync-checkpoints", {
        checkpoints: `laguna=s3://${checkpointPlace}`,
        bucket: "acme-models",
        prefix,
      }),
      ...copiers(world, { url: world.bucketUrl, place }, checkpointPlace),
    ],
  };
};

/** The tar lies in S3: its large files are copied out of it on the server, where others bring it down, unpack it and send it up again. */
export const checkpointUnpacked: RowMaker = async (world) => {
  const { path, text } = oneCheckpoint(world);
  const source = "acme-intake/laguna_2611.tar";
  const url = world.bucketUrl;
  const fetched = "{}/../laguna_2611.tar";
  const { aws, s5cmd } = world.peers;
  const env = { ...signingKeys, AWS_CA_BUNDLE: world.authority, SSL_CERT_FILE: world.authority };
  const unpack = line("tar", "-xf", fetched, "-C", "{}", "--strip-components=1");
  const awsCopy = (...paths: readonly string[]) =>
    line(...aws, "--endpoint-url", url, "s3", "cp", "--only-show-errors", ...paths);
  const s5cmdCopy = (...paths: readonly string[]) => line(...s5cmd, "--endpoint-url", url, "cp", ...paths);
  return {
    ...countedBy(world),
    id: "checkpoint-unpack",
    title: `A checkpoint tar of ${text} that lies in S3, unpacked into a prefix`,
    label: `${text} checkpoint, unpacked inside S3`,
    memory: memoryGoal,
    async before() {
      await world.reset();
      await world.lay(source, path);
    },
    outcome: async () => uploadedOf(await world.state(), checkpointPlace),
    contenders: [
      syncing(world, `s3://${source}`, url),
      peer(
        world,
        "aws cli, CRT + tar",
        [awsCopy(`s3://${source}`, fetched), unpack, awsCopy("--recursive", "{}/", `s3://${checkpointPlace}`)].join(
          " && ",
        ),
        { env: { ...env, ...awsSettings(world, "crt") } },
      ),
      peer(
        world,
        "s5cmd + tar",
        [s5cmdCopy(`s3://${source}`, fetched), unpack, s5cmdCopy("{}/", `s3://${checkpointPlace}`)].join(" && "),
        { env },
      ),
    ],
  };
};
