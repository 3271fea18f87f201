import { ecrClient } from "../../aws/ecr.ts";
import type { Aws } from "../../aws/session.ts";

/** Whether the account lets layers be mounted from one repository into another; `false` where the caller may not look. We never set it. */
export async function mountingEnabled(aws: Aws, signal: AbortSignal): Promise<boolean> {
  const client = await ecrClient(aws);
  const { GetAccountSettingCommand } = await import("@aws-sdk/client-ecr");
  try {
    const answer = await client.send(new GetAccountSettingCommand({ name: "BLOB_MOUNTING" }), { abortSignal: signal });
    return answer.value === "ENABLED";
  } catch {
    // Without mounting a layer is sent to each repository: slower, never wrong.
    return false;
  }
}
