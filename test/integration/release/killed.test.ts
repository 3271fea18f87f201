import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReleaseRecord } from "../../../src/record/record.ts";
import { openRoom, type Room } from "./room.ts";

/** How many moments are tried; `KILLS=all` tries every one. */
const wanted = process.env["KILLS"] ?? "2";
const seed = Number(process.env["SEED"] ?? "2611");

let room: Room;
beforeEach(async () => {
  room = await openRoom();
});
afterEach(() => room.close());

/** What a release leaves, without who made it and when, and without what names a world's own ports and certificate. */
function stateOf(): unknown {
  const sha256 = room.kept("latest/dev/inference")?.trim();
  const record = JSON.parse(room.kept(`records/${sha256}.json`) ?? "{}") as Partial<ReleaseRecord>;
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
  if (wanted === "all") return Array.from({ length: all }, (_, index) => index + 1);
  let state = seed;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  return Array.from({ length: Number(wanted) }, () => 1 + Math.floor(next() * all));
}

describe("a release that is killed at any request and run again", () => {
  it("ends in the same state, with the same record, and a third run has nothing to write", {
    timeout: 600_000,
  }, async () => {
    const whole = await room.runKilled(Number.POSITIVE_INFINITY);
    expect(whole?.failures).toEqual([]);
    const expected = stateOf();
    const all = room.mark();
    for (const moment of moments(all)) {
      await room.close();
      room = await openRoom();
      const killed = await room.runKilled(moment);
      expect(killed?.failures ?? []).toEqual([]);
      const second = await room.runKilled(Number.POSITIVE_INFINITY);
      expect(second?.failures, `killed at request ${moment} of ${all}: ${second?.lines.slice(-5).join("\n")}`).toEqual(
        [],
      );
      expect(stateOf(), `killed at request ${moment} of ${all}`).toEqual(expected);
      const mark = room.mark();
      const third = await room.runKilled(Number.POSITIVE_INFINITY);
      expect(third?.failures).toEqual([]);
      expect(room.writes(mark), `killed at request ${moment} of ${all}`).toEqual([]);
    }
  });
});
