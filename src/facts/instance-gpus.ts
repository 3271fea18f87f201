import { ec2Client } from "../aws/ec2.ts";
import { fromAws } from "../aws/errors.ts";
import type { Aws } from "../aws/session.ts";

/** The GPUs of an instance type. */
export interface TypeGpus {
  /** `p5e.48xlarge`. */
  readonly type: string;
  readonly count: number;
  /** Bytes of one GPU. */
  readonly memory: number;
}

/** What EC2 says of instance types; those without GPUs are left out. */
export async function gpusOfTypes(
  types: readonly string[],
  aws: Aws,
  signal: AbortSignal,
): Promise<readonly TypeGpus[]> {
  const { paginateDescribeInstanceTypes } = await import("@aws-sdk/client-ec2");
  const client = await ec2Client(aws);
  const found: TypeGpus[] = [];
  try {
    const InstanceTypes = types as NonNullable<Parameters<typeof paginateDescribeInstanceTypes>[1]["InstanceTypes"]>;
    for await (const page of paginateDescribeInstanceTypes({ client }, { InstanceTypes }, { abortSignal: signal }))
      for (const { InstanceType, GpuInfo } of page.InstanceTypes ?? []) {
        const [gpu] = GpuInfo?.Gpus ?? [];
        if (gpu?.Count && gpu.MemoryInfo?.SizeInMiB)
          found.push({ type: InstanceType ?? "", count: gpu.Count, memory: gpu.MemoryInfo.SizeInMiB * 2 ** 20 });
      }
    return found;
  } catch (thrown) {
    throw fromAws(thrown, `describing the instance types ${types.join(", ")}`);
  }
}
