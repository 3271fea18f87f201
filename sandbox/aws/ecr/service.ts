import type { RegistryState } from "../../registry/state.ts";
import { type JsonOperation, jsonService } from "../json.ts";
import { type AwsService, NotBuilt } from "../service.ts";
import { imageOperations } from "./images.ts";
import { repositoryOperations } from "./repositories.ts";
import { constraint, type KeyFinder } from "./validate.ts";

/** ECR's control plane, for one account and region. What is pushed goes through the registry of the same state. */
export function createEcr(state: RegistryState, keys: KeyFinder): AwsService {
  return jsonService(
    "ecr",
    "AmazonEC2ContainerRegistry_V20150921",
    withinRegistry(state.account, {
      ...repositoryOperations(state, keys),
      ...imageOperations(state),
      GetAuthorizationToken: {
        run: ({ registryIds }, caller) => {
          const { password, expiresAt } = state.issueToken(caller);
          const authorizationToken = Buffer.from(`AWS:${password}`).toString("base64");
          const data = (of: RegistryState) => ({
            authorizationToken,
            expiresAt: new Date(expiresAt),
            proxyEndpoint: `http://${of.host}`,
          });
          return { authorizationData: registriesOf(state, registryIds).map(data) };
        },
      },
      GetAccountSetting: {
        run: ({ name }) => {
          if (name !== "BLOB_MOUNTING" && name !== "BASIC_SCAN_TYPE_VERSION")
            throw constraint("name", "Member must satisfy enum value set: [BASIC_SCAN_TYPE_VERSION, BLOB_MOUNTING]");
          return { name, value: name === "BLOB_MOUNTING" ? state.blobMounting : "AWS_NATIVE" };
        },
      },
    }),
    ({ resource }) => (resource === "" ? ["*"] : resource.split(",").map((name) => state.arn(name))),
  );
}

/** The registries that a token is asked for: ECR does not look whether the caller may come in. */
function registriesOf(state: RegistryState, ids: unknown): readonly RegistryState[] {
  if (ids === undefined) return [state];
  if (!Array.isArray(ids) || ids.length < 1 || ids.length > 10)
    throw constraint("registryIds", "must have between 1 and 10 ids");
  return ids.map((id) => {
    if (!/^[0-9]{12}$/.test(String(id))) throw constraint("registryIds", "must satisfy regular expression '[0-9]{12}'");
    const found = state.ofAccount(String(id));
    if (!found) throw new NotBuilt("ecr", `the registry of ${String(id)}, whose account this world does not have`);
    return found;
  });
}

/** Another account's registry is asked for by `registryId`: no call of the product does. */
function withinRegistry(
  account: string,
  operations: Readonly<Record<string, JsonOperation>>,
): Readonly<Record<string, JsonOperation>> {
  const guarded = ([name, operation]: [string, JsonOperation]): [string, JsonOperation] => [
    name,
    {
      ...operation,
      run: (input, caller) => {
        const { registryId = account } = input;
        if (registryId !== account) throw new NotBuilt("ecr", `${name} in the registry ${String(registryId)}`);
        return operation.run(input, caller);
      },
    },
  ];
  return Object.fromEntries(Object.entries(operations).map(guarded));
}
