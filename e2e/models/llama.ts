import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Authority, createAuthority } from "../../sandbox/tls.ts";
import { freePorts, listens, startServer } from "../processes.ts";
import { gguf, llamaCpp } from "../software.ts";
import { run } from "../tools/run.ts";

/** llama.cpp's server with a tiny model of random weights, behind TLS of its own. */
export interface LlamaServer {
  readonly port: number;
  /** Root of its certificate, PEM. */
  readonly authority: string;
  close(): Promise<void>;
}

export interface LlamaOptions {
  /** Host names of its certificate. */
  readonly names: readonly string[];
  /** The model's name in the API. */
  readonly model: string;
  /** Absent: everybody may ask. */
  readonly key?: string;
}

export async function startLlama(options: LlamaOptions): Promise<LlamaServer> {
  const [usr, python, ports, authority] = await Promise.all([
    llamaCpp.get(),
    gguf.get(),
    freePorts(1),
    createAuthority("e2e"),
  ]);
  const [port] = ports as [number];
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-llama-"));
  const model = join(folder, "tiny.gguf");
  await run(python, [resolve(import.meta.dirname, "tiny_model.py"), model]);
  await writeCertificate(authority, options.names, folder);
  const libraries = join(usr, "lib/x86_64-linux-gnu");
  // The package is of another suite than this machine's: it brings its own libc and the loader for it.
  const server = await startServer(
    "llama.cpp",
    [
      join(libraries, "ld-linux-x86-64.so.2"),
      ...["--library-path", `${libraries}:${join(libraries, "llama")}`, join(usr, "bin/llama-server")],
      ...["-m", model, "--alias", options.model, "-c", "512", "-np", "2", "-t", "1", "--no-ui", "--offline"],
      ...["--host", "127.0.0.1", "--port", String(port)],
      ...["--ssl-key-file", join(folder, "key.pem"), "--ssl-cert-file", join(folder, "certificate.pem")],
      ...(options.key === undefined ? [] : ["--api-key-file", keyFile(folder, options.key)]),
    ],
    {
      env: { GGML_BACKEND_PATH: join(libraries, "ggml/backends0/libggml-cpu-x64.so") },
      // Nothing but a whole handshake says that it serves; the tests make those.
      ready: () => listens(port),
    },
  );
  return {
    port,
    authority: authority.certificate,
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function writeCertificate(authority: Authority, names: readonly string[], folder: string): Promise<void> {
  const leaf = await authority.issue({ names });
  writeFileSync(join(folder, "key.pem"), leaf.key);
  writeFileSync(join(folder, "certificate.pem"), leaf.cert);
}

function keyFile(folder: string, key: string): string {
  const path = join(folder, "keys");
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  return path;
}
