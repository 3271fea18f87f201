import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { download } from "../../../src/helm/download.ts";
import { findHelm } from "../../../src/helm/find.ts";
import type { Pinned } from "../../../src/helm/pinned.ts";
import { helmFailure, runHelm } from "../../../src/helm/run.ts";
import { parseRange, parseVersion } from "../../../src/helm/version.ts";
import { systemClock } from "../../../src/retry.ts";
import { testContext } from "../../support/context.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-deploy-helm-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that stands for helm. */
function program(place: string, script: string): string {
  const path = join(folder, place, "helm");
  mkdirSync(join(folder, place), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return join(folder, place);
}

describe("parseRange", () => {
  it.each([
    [">=3.12", ["3.12.0", "3.17.2", "4.2.3"], ["3.11.9", "2.17.0"]],
    [">=3.12 <4", ["3.21.4"], ["4.0.0", "3.11.0"]],
    [">= 3.12, <4", ["3.21.4"], ["4.0.0"]],
    ["3", ["3.0.0", "3.21.4"], ["4.0.0"]],
    ["3.17", ["3.17.2"], ["3.18.0"]],
    ["v3.17.2", ["3.17.2"], ["3.17.3"]],
    [">3.17", ["3.18.0"], ["3.17.9"]],
    ["<=3.17", ["3.17.9"], ["3.18.0"]],
    ["4.x", ["4.2.3"], ["3.17.2"]],
  ])("reads %s", (text, inside, outside) => {
    const holds = parseRange(text);
    for (const version of inside) expect(holds(parseVersion(version)!), version).toBe(true);
    for (const version of outside) expect(holds(parseVersion(version)!), version).toBe(false);
  });

  it.each(["", "latest", ">=", "3.12.1.1", "~3", "3 || 4"])("refuses %j", (text) => {
    expect(() => parseRange(text)).toThrow(expect.objectContaining({ code: "HELM_VERSION_RANGE" }));
  });
});

describe("findHelm", () => {
  it("takes the first on PATH that is in the range, whatever lies before it", async () => {
    const path = [
      join(folder, "none"),
      program("old", "echo v3.10.0"),
      program("broken", "exit 3"),
      program("good", "echo v3.17.2+gcc0bbbd"),
    ];
    const ctx = testContext({ clock: systemClock, ambient: { path: path.join(":"), temp: folder } });
    expect(await findHelm(">=3.12", ctx)).toEqual({ path: join(folder, "good", "helm"), version: [3, 17, 2] });
  });

  it("says what it found when nothing fits and nothing is pinned for the range", async () => {
    const ctx = testContext({ clock: systemClock, ambient: { path: program("old", "echo v3.10.0"), temp: folder } });
    await expect(findHelm("3.11", ctx)).rejects.toMatchObject({
      code: "HELM_NOT_FOUND",
      happened: expect.stringContaining("3.10.0"),
    });
  });
});

describe("download", () => {
  const archive = (content: string) => {
    const header = Buffer.alloc(512);
    header.write("linux-amd64/helm", 0);
    header.write(content.length.toString(8).padStart(11, "0"), 124);
    const data = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    data.write(content);
    return gzipSync(Buffer.concat([header, data, Buffer.alloc(1024)]));
  };
  const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
  const pinned = (sha256: string): Pinned => ({ version: [9, 9, 9], platform: "", name: "linux-amd64", sha256 });

  async function serving<T>(
    answer: (path: string) => { status: number; body: Buffer },
    use: (url: string, asked: string[]) => Promise<T>,
  ): Promise<T> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      const { status, body } = answer(request.url!);
      response.writeHead(status).end(body);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
    } finally {
      server.close();
    }
  }

  it("unpacks the archive whose SHA-256 is the published one, once", async () => {
    const good = archive("#!/bin/sh\necho helm\n");
    const ctx = testContext({ ambient: { temp: folder } });
    await serving(
      () => ({ status: 200, body: good }),
      async (url, asked) => {
        const path = await download(pinned(sha(good)), ctx, url);
        expect(readFileSync(path, "utf8")).toBe("#!/bin/sh\necho helm\n");
        expect(await download(pinned(sha(good)), ctx, url)).toBe(path);
        expect(asked).toEqual(["/helm-v9.9.9-linux-amd64.tar.gz"]);
      },
    );
  });

  it("uses nothing of an archive with another digest", async () => {
    const ctx = testContext({ ambient: { temp: folder } });
    await serving(
      () => ({ status: 200, body: archive("evil") }),
      async (url) => {
        await expect(download(pinned("0".repeat(64)), ctx, url)).rejects.toMatchObject({ code: "HELM_DOWNLOAD" });
      },
    );
  });

  it("tells the server's refusal", async () => {
    const ctx = testContext({ ambient: { temp: folder } });
    await serving(
      () => ({ status: 404, body: Buffer.alloc(0) }),
      async (url) => {
        await expect(download(pinned("0".repeat(64)), ctx, url)).rejects.toThrow(/404/);
      },
    );
  });
});

describe("runHelm", () => {
  const helm = (script: string) => ({ path: join(program("bin", script), "helm"), version: [3, 17, 2] as const });

  it("gives helm an environment of our own and the cluster's variables, nothing else", async () => {
    process.env["HELM_DEBUG"] = "1";
    const ctx = testContext({ clock: systemClock, ambient: { temp: folder, path: "/usr/bin:/bin" } });
    const { stdout } = await runHelm(helm("env"), [], { HELM_KUBETOKEN: "t" }, ctx);
    delete process.env["HELM_DEBUG"];
    const names = stdout
      .split("\n")
      .map((line) => line.split("=")[0])
      .filter((name) => name !== "" && !/^(PWD|SHLVL|_|OLDPWD)$/.test(name!));
    expect(names.sort()).toEqual([
      "HELM_CACHE_HOME",
      "HELM_CONFIG_HOME",
      "HELM_DATA_HOME",
      "HELM_DRIVER",
      "HELM_KUBETOKEN",
      "HELM_NO_PLUGINS",
      "HOME",
      "PATH",
    ]);
  });

  it("ends helm with the run, and says that it was cancelled", async () => {
    const cancel = new AbortController();
    const ctx = testContext({
      clock: systemClock,
      signal: cancel.signal,
      ambient: { temp: folder, path: "/usr/bin:/bin" },
    });
    const running = runHelm(helm('trap "exit 1" TERM; sleep 2 & wait'), [], {}, ctx);
    setTimeout(() => cancel.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("helmFailure", () => {
  it.each([
    ["Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", "HELM_IN_PROGRESS"],
    [
      'Error: UPGRADE FAILED: Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas',
      "HELM_APPLY_CONFLICT",
    ],
    [
      "Error: values don't meet the specifications of the schema(s) in the following chart(s):\ninference:\n- gpus is required",
      "HELM_VALUES_REFUSED",
    ],
    ["Error: execution error at (inference/templates/x.yaml:1:2): image.registry is required", "HELM_VALUES_REFUSED"],
    [
      'Error: Unable to continue with install: ServiceAccount "inference" in namespace "models" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"',
      "HELM_OBJECT_FOREIGN",
    ],
    [
      'Error: unable to build kubernetes objects from release manifest: resource mapping not found for name: "a" namespace: "" from "": no matches for kind "PodMonitor" in version "monitoring.coreos.com/v1"\nensure CRDs are installed first',
      "HELM_KIND_UNKNOWN",
    ],
    [
      'Error: UPGRADE FAILED: cannot patch "inference-point" with kind Deployment: Deployment.apps "inference-point" is invalid: spec.selector: Invalid value: field is immutable',
      "HELM_IMMUTABLE",
    ],
    [
      'Error: create: failed to create: Secret "sh.helm.release.v1.inference.v1" is invalid: data: Too long: must have at most 1048576 bytes',
      "HELM_TOO_LARGE",
    ],
    [
      'Error: create: failed to create: Secret "sh.helm.release.v1.inference.v1" is invalid: data: Too long: may not be more than 1048576 bytes',
      "HELM_TOO_LARGE",
    ],
    ["Error: something new", "HELM_FAILED"],
  ])("knows %j", (stderr, code) => {
    const failure = helmFailure({ code: 1, stderr: `WARNING: noise\n${stderr}\n` }, "releasing");
    expect(failure.code).toBe(code);
    expect(failure.happened).not.toContain("noise");
  });
});
