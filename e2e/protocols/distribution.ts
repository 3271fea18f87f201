import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answers, freePorts, startServer } from "../processes.ts";
import { distribution } from "../software.ts";

/** What the registry takes; ECR's user is always `AWS`. */
export const registryPassword = "loopback-only";
/** bcrypt of `registryPassword`: the registry reads no other kind. */
const passwordHash = "$2y$05$eksdeploye2eregistryeujnTr6W8ECiaKeTs48mk0t.rcnU73REm";

/** A registry that listens. */
export interface DistributionServer {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  close(): Promise<void>;
}

/** Starts the CNCF's registry on loopback, over a folder of its own, with Basic credentials. */
export async function startDistribution(): Promise<DistributionServer> {
  const program = await distribution.get();
  const [port] = await freePorts(1);
  const host = `127.0.0.1:${port}`;
  const folder = mkdtempSync(join(tmpdir(), "eks-deploy-distribution-"));
  writeFileSync(join(folder, "users"), `AWS:${passwordHash}\n`);
  const configuration = {
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: host },
    auth: { htpasswd: { realm: "e2e", path: join(folder, "users") } },
  };
  writeFileSync(join(folder, "registry.yml"), JSON.stringify(configuration));
  const server = await startServer("distribution", [program, "serve", join(folder, "registry.yml")], {
    ready: () => answers(`http://${host}/v2/`),
  });
  return {
    host,
    async close() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
