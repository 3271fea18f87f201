import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Deployment } from "../../../sandbox/kubernetes/types.ts";
import { sampleModels } from "../../../sandbox/sample/spec.ts";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { addProduction, openRoom, type Room } from "./room.ts";

/** How many moments are tried; `KILLS=all` tries every one, `KILLS=every:20` one in twenty. */
const wanted = process.env["KILLS"] ?? "2";
/** Whether all commands shall be killed at many moments; `npm run test:long` does. */
export const long = process.env["KILLS"] !== undefined;
const every = wanted === "all" ? 1 : Number(/^every:(\d+)$/.exec(wanted)?.[1] ?? 0);
const seed = Number(process.env["SEED"] ?? "2611");

let room: Room;

function latestRecord(): ReleaseRecord {
  const sha256 = room.kept("latest/dev/inference")?.trim();
  return JSON.parse(room.kept(`records/${sha256}.json`) ?? "{}") as ReleaseRecord;
}

/** What a release leaves, without who made it and when, and without what names a world's own ports and certificate. */
function stateOf(): unknown {
  const record = latestRecord();
  const { images, checkpoints, chart, identity, models } = record;
  const { aws } = room.world;
  return {
    proven: { images, checkpoints, chart, identity, models },
    smoke: Object.keys((record.smoke ?? {}) as object).sort(),
    objects: aws.s3.list("acme-models-dev", "checkpoints/").map(({ key, content }) => `${key} ${content.size}`),
    uploads: aws.s3.uploads("acme-models-dev").length,
    values: room.keptPaths("values/").length,
    charts: room.keptPaths("charts/"),
    tags: [...aws.ecr.repositories].map(([name, { tags }]) => [name, [...tags]]),
    roles: aws.iam
      .allRoles()
      .map(({ name }) => name)
      .sort(),
  };
}

/** The same moments for the same seed. */
function moments(all: number): readonly number[] {
  if (every > 0) return Array.from({ length: Math.ceil(all / every) }, (_, index) => 1 + index * every);
  let state = seed;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return Array.from({ length: Number(wanted) }, () => 1 + Math.floor(next() * all));
}

/** A command that is killed: what comes before it, its inputs, and what it leaves behind. */
interface Scenario {
  /** Gives the command's inputs. */
  readonly prepare: () => Promise<Readonly<Record<string, string>>>;
  readonly state: () => unknown;
}

/** What runs, by what the containers were started with. */
function running() {
  return room.world.kubernetes.store.list<Deployment>("deployments", "poolside-models").map(({ metadata, spec }) => ({
    name: metadata.name,
    containers: [...(spec.template.spec.initContainers ?? []), ...spec.template.spec.containers].map(
      ({ image, args = [] }) => [image.replace(/^[^/]+\//, ""), ...args],
    ),
  }));
}

/** Commands by their names in the titles of the tests. */
const scenarios = {
  release: { prepare: async () => ({}), state: stateOf },
  rollback: {
    async prepare() {
      const first = await room.pass();
      await room.pass({ versions: "point=2612", surge: "recreate" });
      return { command: "rollback", "from-record": first.outputs["record-sha256"]!, surge: "recreate" };
    },
    state: () => ({
      point: latestRecord().checkpoints["point"]?.prefix,
      running: running(),
      records: room.keptPaths("records/").length,
    }),
  },
  promotion: {
    async prepare() {
      const { world } = room;
      await addProduction(room, "staging");
      await room.pass({ environment: "staging" });
      const resolve = sampleModels.map(({ key }) => `${key}.example.com=127.0.0.1:${world.balancerPort}`).join("\n");
      return { command: "promote", environment: "", to: "production", resolve };
    },
    state() {
      const { s3, iam } = room.world.aws;
      const bucket = "acme-models-prod";
      const at = s3.read(bucket, "eks-deploy/latest/production/inference")?.toString().trim();
      const record = JSON.parse(s3.read(bucket, `eks-deploy/records/${at}.json`)?.toString() ?? "{}") as ReleaseRecord;
      const { images, checkpoints, chart } = record;
      return {
        proven: {
          images,
          manifests: Object.values(checkpoints ?? {}).map(({ manifest }) => manifest),
          chart: chart?.sha256,
        },
        objects: s3.list(bucket, "checkpoints/").map(({ key, content }) => `${key} ${content.size}`),
        uploads: s3.uploads(bucket).length,
        roles: iam
          .allRoles()
          .map(({ name }) => name)
          .sort(),
      };
    },
  },
  removal: {
    async prepare() {
      await room.pass();
      return { command: "remove", confirm: "inference/poolside", "remove-data": "true" };
    },
    state() {
      const { s3, iam, elb } = room.world.aws;
      const { store } = room.world.kubernetes;
      return {
        objects: s3.list("acme-models-dev", "checkpoints/").map(({ key }) => key),
        records: room.keptPaths("records/").length,
        roles: iam.allRoles().map(({ name }) => name),
        balancers: [...elb.loadBalancers.keys()],
        namespaces: store
          .list("namespaces")
          .map(({ metadata }) => metadata.name)
          .sort(),
      };
    },
  },
} satisfies Readonly<Record<string, Scenario>>;

export const killable = Object.keys(scenarios) as readonly (keyof typeof scenarios)[];

/** The tests of these commands. Each takes minutes, so a file has one, and they run beside each other. */
export function testKilled(commands: typeof killable): void {
  describe.each(commands)("a %s that is killed at any request and run again", (name) => {
    const scenario = scenarios[name];
    beforeEach(async () => {
      room = await openRoom();
    });
    afterEach(() => room.close());

    it("ends in the same state, and a third run has nothing to write", { timeout: 3_600_000 }, async () => {
      const inputs = await scenario.prepare();
      const before = room.mark();
      const whole = await room.runKilled(Number.POSITIVE_INFINITY, inputs);
      expect(whole?.failures).toEqual([]);
      const expected = scenario.state();
      const all = room.mark() - before;
      for (const moment of moments(all)) {
        const when = `killed at request ${moment} of ${all}`;
        // Many moments take hours: whoever waits sees where it is.
        if (every > 0) process.stderr.write(`${name}: ${when}\n`);
        await room.close();
        room = await openRoom();
        const own = await scenario.prepare();
        const killed = await room.runKilled(moment, own);
        expect(killed?.failures ?? [], when).toEqual([]);
        const second = await room.runKilled(Number.POSITIVE_INFINITY, own);
        expect(second?.failures, `${when}: ${second?.lines.slice(-5).join("\n")}`).toEqual([]);
        expect(scenario.state(), when).toEqual(expected);
        const mark = room.mark();
        const third = await room.runKilled(Number.POSITIVE_INFINITY, own);
        expect(third?.failures, when).toEqual([]);
        expect(room.writes(mark), when).toEqual([]);
      }
    });
  });
}
