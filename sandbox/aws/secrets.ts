import { randomUUID } from "node:crypto";
import { jsonService } from "./json.ts";
import { AwsError, type AwsService } from "./service.ts";

/** Secrets Manager's secrets and SSM's parameters of one account and region. */
export class SecretsState {
  /** By ARN. */
  readonly secrets = new Map<
    string,
    { readonly name: string; readonly arn: string; value: string; readonly version: string }
  >();
  /** By name. */
  readonly parameters = new Map<
    string,
    { readonly name: string; readonly type: "String" | "SecureString"; value: string }
  >();
  private readonly region: string;
  private readonly account: string;
  private readonly partition: string;

  constructor(account: string, region: string, partition: string) {
    this.account = account;
    this.region = region;
    this.partition = partition;
  }

  addSecret(name: string, value: string): string {
    const arn = `arn:${this.partition}:secretsmanager:${this.region}:${this.account}:secret:${name}-a1B2c3`;
    this.secrets.set(arn, { name, arn, value, version: randomUUID() });
    return arn;
  }

  addParameter(name: string, value: string, type: "String" | "SecureString" = "SecureString"): void {
    this.parameters.set(name, { name, type, value });
  }

  parameterArn(name: string): string {
    return `arn:${this.partition}:ssm:${this.region}:${this.account}:parameter/${name.replace(/^\//, "")}`;
  }
}

/** Secrets Manager: GetSecretValue, by ARN (with or without its suffix) or name. */
export function createSecretsManager(state: SecretsState): AwsService {
  const find = (id: string) =>
    [...state.secrets.values()].find(({ name, arn }) => [name, arn, arn.slice(0, -7)].includes(id));
  return jsonService(
    "secretsmanager",
    "secretsmanager",
    {
      GetSecretValue: {
        resource: ({ SecretId }) => find(String(SecretId))?.arn ?? String(SecretId),
        run: ({ SecretId, VersionStage }) => {
          const secret = find(String(SecretId));
          const stage = VersionStage ?? "AWSCURRENT";
          if (!secret)
            throw new AwsError(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
          if (stage !== "AWSCURRENT")
            throw new AwsError(
              400,
              "ResourceNotFoundException",
              `Secrets Manager can't find the specified secret value for staging label: ${String(stage)}`,
            );
          return {
            ARN: secret.arn,
            Name: secret.name,
            VersionId: secret.version,
            SecretString: secret.value,
            VersionStages: ["AWSCURRENT"],
            CreatedDate: new Date(0),
          };
        },
      },
    },
    ({ resource }) => [resource],
  );
}

/** SSM: GetParameter; a SecureString without WithDecryption comes back encrypted. */
export function createSsm(state: SecretsState): AwsService {
  const nameOf = (given: unknown) => String(given).replace(/^arn:[^:]*:ssm:[^:]*:\d+:parameter(?=\/)/, "");
  return jsonService(
    "ssm",
    "AmazonSSM",
    {
      GetParameter: {
        resource: ({ Name }) => nameOf(Name),
        run: ({ Name, WithDecryption }) => {
          const name = nameOf(Name);
          const parameter = state.parameters.get(name) ?? state.parameters.get(name.replace(/^\//, ""));
          if (!parameter) throw new AwsError(400, "ParameterNotFound", "");
          const hidden = parameter.type === "SecureString" && WithDecryption !== true;
          return {
            Parameter: {
              Name: parameter.name,
              Type: parameter.type,
              Value: hidden ? Buffer.from(`encrypted ${parameter.name}`).toString("base64") : parameter.value,
              Version: 1,
              ARN: state.parameterArn(parameter.name),
              DataType: "text",
              LastModifiedDate: new Date(0),
            },
          };
        },
      },
    },
    ({ resource }) => [state.parameterArn(resource)],
  );
}
