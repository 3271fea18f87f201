/** `npm run sandbox`: a world that stays until Ctrl-C, with what a shell needs to talk to it. Options: `--pace 0.1`, `--helm 3`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSampleBundle } from "./sample/bundle.ts";
import { writeSampleCheckpoints } from "./sample/checkpoints.ts";
import { sampleModels, sampleSpec } from "./sample/spec.ts";
import { startWorld } from "./world.ts";

const { values } = parseArgs({
  options: { pace: { type: "string", default: "0.1" }, helm: { type: "string", default: "4" } },
});
const pace = Number(values.pace);
const helm = values.helm === "3" ? 3 : 4;
if (!(pace > 0)) throw new Error(`--pace ${values.pace}: a number above 0 is needed`);

const world = await startWorld({ pace, helm });
const folder = mkdtempSync(join(tmpdir(), "eks-deploy-sandbox-"));
const bundle = join(folder, "poolside-2611");
writeSampleBundle(bundle);
const checkpoints = writeSampleCheckpoints(join(folder, "checkpoints"));
writeFileSync(join(folder, "eks-deploy.yaml"), sampleSpec({ ...world.names, bundle, checkpoints }));
writeFileSync(join(folder, "authority.pem"), world.authority);
writeFileSync(join(folder, "kubeconfig"), world.kubernetes.kubeconfig(world.access.adminToken, "poolside-models"), {
  mode: 0o600,
});

const [model] = sampleModels;
const { balancerPort } = world;
const lines = [
  "# The sandbox runs until Ctrl-C. In another shell:",
  ...Object.entries(world.env).map(([name, value]) => `export ${name}=${quoted(value)}`),
  `export KUBECONFIG=${quoted(join(folder, "kubeconfig"))}`,
  `export PATH=${quoted(world.tools)}:"$PATH"`,
  "",
  "# A bundle, checkpoints and a spec to release lie here:",
  `cd ${quoted(folder)}`,
  "",
  "# Then, for example:",
  "aws sts get-caller-identity",
  `aws s3 ls s3://${world.names.bucket}/`,
  "kubectl get pods -A",
  `curl --cacert authority.pem --resolve ${model.host}:${balancerPort}:127.0.0.1 https://${model.host}:${balancerPort}/v1/models`,
];
console.log(lines.join("\n"));

let shown = 0;
let told = 0;

/** One line for each request that came in since, and for each defect. */
function tell(): void {
  const requests = world.requests.since(shown);
  shown += requests.length;
  for (const { status, service, name, resource } of requests)
    console.log(`${status === 0 ? "..." : status} ${service} ${name} ${resource}`);
  const defects = world.defects.slice(told);
  told += defects.length;
  for (const defect of defects) console.error(defect instanceof Error ? defect.message : defect);
}

const printer = setInterval(tell, 250);

async function stop(): Promise<void> {
  clearInterval(printer);
  tell();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void stop());

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
