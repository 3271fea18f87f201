import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../src/aws/credentials.ts";
import { renewing } from "../../../src/aws/role.ts";
import { fakeClock } from "../../support/context.ts";

const minute = 60_000;

describe("renewing credentials", () => {
  function setUp() {
    const clock = fakeClock();
    let minted = 0;
    const mint = async (): Promise<Credentials> => {
      minted += 1;
      const expiration = new Date(clock.now() + 60 * minute);
      return { accessKeyId: `ASIA${minted}`, secretAccessKey: "secret", expiration };
    };
    return { clock, give: renewing(mint, clock.now), minted: () => minted };
  }

  it("mints once for calls that come together", async () => {
    const { give, minted } = setUp();
    const all = await Promise.all([give(), give(), give()]);
    expect(new Set(all.map((one) => one.accessKeyId))).toEqual(new Set(["ASIA1"]));
    expect(minted()).toBe(1);
  });

  it("keeps them until five minutes before they end, and no longer", async () => {
    const { clock, give } = setUp();
    await give();
    clock.advance(54 * minute);
    expect((await give()).accessKeyId).toBe("ASIA1");
    clock.advance(1 * minute);
    expect((await give()).accessKeyId).toBe("ASIA2");
  });

  it("asks again after a failure", async () => {
    let calls = 0;
    const give = renewing(
      async () => {
        calls += 1;
        if (calls === 1) throw new Error("STS is away");
        return { accessKeyId: "ASIA2", secretAccessKey: "secret" };
      },
      () => 0,
    );
    await expect(give()).rejects.toThrow("STS is away");
    expect((await give()).accessKeyId).toBe("ASIA2");
  });
});

describe("credentials that a service calls expired", () => {
  function setUp() {
    const clock = fakeClock();
    let minted = 0;
    const give = renewing(async () => {
      minted += 1;
      return { accessKeyId: `ASIA${minted}`, secretAccessKey: "secret" };
    }, clock.now);
    return { clock, give };
  }

  it("are minted anew, once for all calls that complain together", async () => {
    const { clock, give } = setUp();
    await give();
    clock.advance(60_000);
    give.renew?.();
    const first = give();
    give.renew?.();
    const second = give();
    expect([(await first).accessKeyId, (await second).accessKeyId]).toEqual(["ASIA2", "ASIA2"]);
  });

  it("are kept when they were minted just now: the complaint is about older ones", async () => {
    const { clock, give } = setUp();
    await give();
    clock.advance(5_000);
    give.renew?.();
    expect((await give()).accessKeyId).toBe("ASIA1");
  });
});
