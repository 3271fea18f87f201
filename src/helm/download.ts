import { createHash } from "node:crypto";
import { access, mkdir, rename, writeFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { get as secureGet } from "node:https";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Context } from "../action/context.ts";
import { createAgents } from "../agent.ts";
import { Cancelled, RemoteError } from "../errors.ts";
import type { Pinned } from "./pinned.ts";
import { versionText } from "./version.ts";

/** Where the project publishes its builds. */
const origin = "https://get.helm.sh";
const largest = 100 * 1024 * 1024;

/** Downloads a pinned helm once per job and gives its path. Not one byte of it is used before its SHA-256 is the published one (`HELM_DOWNLOAD`). */
export async function download(pinned: Pinned, ctx: Context, from = origin): Promise<string> {
  const version = versionText(pinned.version);
  const folder = join(ctx.ambient.temp, "eks-deploy", "tools");
  const path = join(folder, `helm-${version}-${pinned.sha256.slice(0, 12)}`);
  if (await exists(path)) return path;
  const url = `${from}/helm-v${version}-${pinned.name}.tar.gz`;
  const archive = await body(url, ctx);
  const actual = createHash("sha256").update(archive).digest("hex");
  if (actual !== pinned.sha256) throw failed(url, `its SHA-256 is ${actual}, published is ${pinned.sha256}`);
  const binary = memberOf(gunzipSync(archive), `${pinned.name}/helm`);
  if (!binary) throw failed(url, "the archive holds no helm");
  await mkdir(folder, { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, binary, { mode: 0o755 });
  await rename(partial, path);
  return path;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function body(url: string, ctx: Context): Promise<Buffer> {
  const agents = createAgents(ctx.ambient, 1);
  try {
    const answer = await open(url, agents, ctx.signal);
    if (answer.statusCode !== 200) throw new Error(`the server answers ${answer.statusCode}`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largest) throw new Error("it is far larger than a helm archive");
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (thrown) {
    if (ctx.signal.aborted) throw new Cancelled();
    throw failed(url, (thrown as Error).message, thrown);
  } finally {
    agents.destroy();
  }
}

function open(url: string, agents: ReturnType<typeof createAgents>, signal: AbortSignal): Promise<IncomingMessage> {
  const secure = url.startsWith("https:");
  return new Promise((resolve, reject) => {
    const options = { agent: secure ? agents.https : agents.http, signal, timeout: 30_000 };
    const request = (secure ? secureGet : get)(url, options, resolve);
    request.on("timeout", () => request.destroy(new Error("no answer for 30 s")));
    request.on("error", reject);
  });
}

/** A member of a small tar whose digest has been checked: nothing here has to be distrusted. */
function memberOf(tar: Buffer, name: string): Buffer | undefined {
  for (let at = 0; at + 512 <= tar.length; ) {
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 135), 8) || 0;
    const path = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    if (path === name) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}

function failed(url: string, what: string, cause?: unknown): RemoteError {
  return new RemoteError("HELM_DOWNLOAD", {
    happened: `helm could not be downloaded from ${url}: ${what}.`,
    next: "Install helm in an earlier step, or let the runner reach get.helm.sh (HTTPS_PROXY, firewall).",
    cause,
  });
}
