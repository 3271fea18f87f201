import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseSource } from "../../../src/action/references.ts";
import type { Source } from "../../../src/bytes/source.ts";
import { openSource } from "../../../src/transfer/open.ts";
import { fakeClock, testContext } from "../../support/context.ts";
import { presigned, type S3Server, startS3 } from "../sandbox-s3/server.ts";
import { sessionFor } from "./session.ts";

const bytes = Buffer.from("the bytes of a checkpoint");
let folder: string;
let server: S3Server;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-open-"));
  writeFileSync(join(folder, "m.tar"), bytes);
  server = await startS3();
  await server.client().send(new PutObjectCommand({ Bucket: "data", Key: "m.tar", Body: bytes }));
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function contentOf(source: Source): Promise<string> {
  const into = Buffer.alloc(source.size);
  await source.read(0, into);
  await source.close();
  return into.toString();
}

describe("opening what an input names", () => {
  it("gives the same bytes from a file, from S3 and from behind a presigned URL", async () => {
    const url = await presigned(server, "/data/m.tar");
    const ctx = testContext({ clock: fakeClock(Date.now()), ambient: { workspace: folder }, env: { MODEL_URL: url } });
    let sessions = 0;
    const means = {
      ctx: { ...ctx, ambient: { ...ctx.ambient, workspace: folder } },
      aws() {
        sessions += 1;
        return sessionFor(server);
      },
    };
    for (const [input, asked] of [
      ["./m.tar", 0],
      ["env:MODEL_URL", 0],
      ["s3://data/m.tar", 1],
    ] as const) {
      const source = await openSource(parseSource(input, ctx.ambient), means);
      expect(await contentOf(source)).toBe(bytes.toString());
      expect(sessions).toBe(asked);
      expect(`${source.label} ${source.identity}`).not.toMatch(/signature/i);
    }
    expect(ctx.recorded.masks).toContain(url);
  });

  it("tells what is missing by the name that the user wrote", async () => {
    const ctx = testContext({ clock: fakeClock(Date.now()), ambient: { workspace: folder } });
    const means = { ctx, aws: () => sessionFor(server) };
    for (const input of ["./none.tar", "s3://data/none.tar"])
      await expect(openSource(parseSource(input, ctx.ambient), means)).rejects.toMatchObject({
        code: "SOURCE_NOT_FOUND",
        happened: expect.stringContaining(input),
      });
  });
});
