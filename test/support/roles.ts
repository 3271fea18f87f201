import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { World } from "../../sandbox/world.ts";
import type { Job } from "./job.ts";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/permissions.md"), "utf8");

/** Roles of docs/permissions.md. */
export type Role = "plan" | "transfer" | "deploy";

/** Makes roles with the policies that docs/permissions.md gives for them, and lets the job's spec name them. */
export function useDocumentedRoles(world: World, job: Job, ...roles: readonly Role[]): void {
  const { account } = world.names;
  for (const role of roles) world.addGithubRole(`eks-deploy-${role}`, policyOf(role, world));
  const arns = roles.map((role) => `${role}: "arn:aws:iam::${account}:role/eks-deploy-${role}"`);
  const spec = join(job.workspace, "eks-deploy.yaml");
  const text = readFileSync(spec, "utf8");
  writeFileSync(spec, text.replace(/aws: \{ (.*?) \}/, `aws: { $1, roles: { ${arns.join(", ")} } }`));
}

/** The page's policy for a role, its placeholders filled in. */
function policyOf(role: Role, { names }: World): object {
  const { account, bucket, certificateArn, cluster, region } = names;
  const filled = {
    "<P>": "aws",
    "<A>": account,
    "<R>": region,
    "PREFIX*": "*",
    BUCKET: bucket,
    CERTIFICATE: certificateArn,
    '"KEY"': `"arn:aws:kms:${region}:${account}:key/*"`,
    CLUSTER: cluster,
    "NODE-ROLE": `${cluster}-node`,
  };
  const part = page.slice(page.indexOf(`### ${role}\n`));
  let text = /```json\n([\s\S]*?)```/.exec(part)![1]!;
  for (const [placeholder, value] of Object.entries(filled)) text = text.replaceAll(placeholder, value);
  return JSON.parse(text);
}
