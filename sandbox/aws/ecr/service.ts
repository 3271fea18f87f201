import type { RegistryState } from "../../registry/state.ts";
import { jsonService } from "../json.ts";
import type { AwsService } from "../service.ts";
import { imageOperations } from "./images.ts";
import { repositoryOperations } from "./repositories.ts";
import { constraint, type KeyFinder } from "./validate.ts";

/** ECR's control plane, for one account and region. What is pushed goes through the registry of the same state. */
export function createEcr(state: RegistryState, keys: KeyFinder): AwsService {
  return jsonService(
    "ecr",
    "AmazonEC2ContainerRegistry_V20150921",
    {
      ...repositoryOperations(state, keys),
      ...imageOperations(state),
      GetAuthorizationToken: {
        run: (_input, caller) => {
          const { password, expiresAt } = state.issueToken(caller);
          const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
          return {
            authorizationData: [
              { authorizationToken, expiresAt: new Date(expiresAt), proxyEndpoint: `http://${state.host}` },
            ],
          };
        },
      },
      GetAccountSetting: {
        run: ({ name }) => {
          if (name !== "BLOB_MOUNTING" && name !== "BASIC_SCAN_TYPE_VERSION")
            throw constraint("name", "Member must satisfy enum value set: [BASIC_SCAN_TYPE_VERSION, BLOB_MOUNTING]");
          return { name, value: name === "BLOB_MOUNTING" ? state.blobMounting : "AWS_NATIVE" };
        },
      },
    },
    ({ resource }) => (resource === "" ? ["*"] : resource.split(",").map((name) => state.arn(name))),
  );
}
