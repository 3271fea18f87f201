import { sampleModels } from "../../../sandbox/sample/spec.ts";
import type { Place } from "./place.ts";
import type { Call } from "./run-workflow.ts";

/** A cluster, a bucket, a role and hosts for each environment of a spec. */
export interface Clusters {
  /** What a workflow is run with: the spec, and where the hosts of all environments are. */
  call(name: string, over?: Partial<Call>): Call;
}

/** Lays a cluster and all that belongs to it for each name. `more`: keys of an environment that the spec shall have beside. */
export async function layClusters(
  place: Place,
  names: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Clusters> {
  const { world } = place;
  const environments: string[] = [];
  const hosts: string[] = [];
  for (const name of names) {
    await world.addCluster(`poolside-${name}`);
    const bucket = `acme-models-${name}`;
    world.aws.s3.addBucket({ name: bucket, region: world.names.region, owner: world.names.account });
    const certificate = await world.addCertificate([`*.${name}.example.com`]);
    const models = sampleModels.map(({ key }) => ({ key, host: `${key}.${name}.example.com` }));
    hosts.push(...models.map(({ host }) => host));
    environments.push(
      `  ${name}:`,
      `    cluster: poolside-${name}`,
      `    checkpoints: { bucket: ${bucket} }`,
      `    identity: { roleName: inference-${name}, policyName: inference-${name} }`,
      `    ingress: { certificateArn: "${certificate.arn}" }`,
      `    models: { ${models.map(({ key, host }) => `${key}: { host: ${host} }`).join(", ")} }`,
      ...(more[name] ? [`    ${more[name]}`] : []),
    );
  }
  const resolve = hosts.map((host) => `${host}=127.0.0.1:${world.balancerPort}`).join("\n");
  return {
    call(run, over = {}) {
      const call = place.call(run);
      const spec = call.files["eks-deploy.yaml"]!.replace("  dev: {}", environments.join("\n"));
      return { ...call, files: { "eks-deploy.yaml": spec }, network: { ...call.network, resolve }, ...over };
    },
  };
}
