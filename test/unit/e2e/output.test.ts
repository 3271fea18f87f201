import { existsSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { keepOutput } from "../../../e2e/output.ts";

it("keeps what a layer prints, tells its last line, and gives it in one piece", () => {
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-output-"));
  const output = keepOutput(join(folder, "output"));
  expect(output.last()).toBe("");
  writeSync(output.descriptor, "first\n \u001b[32m✓\u001b[39m second\n\n");
  expect(output.last()).toBe("✓ second");
  expect(output.take()).toBe("first\n \u001b[32m✓\u001b[39m second\n\n");
  expect(existsSync(join(folder, "output"))).toBe(false);
  rmSync(folder, { recursive: true });
});
