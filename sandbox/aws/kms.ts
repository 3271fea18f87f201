import { randomUUID } from "node:crypto";
import { jsonService } from "./json.ts";
import { AwsError, type AwsService } from "./service.ts";

/** A key of KMS; tests set its fields. */
export interface Key {
  readonly id: string;
  readonly arn: string;
  /** `alias/...` names. */
  aliases: readonly string[];
  /** `Enabled`, `Disabled`, `PendingDeletion`, ... */
  state: string;
  usage: string;
  manager: "AWS" | "CUSTOMER";
}

/** Keys of one account and region. */
export class KmsState {
  readonly keys = new Map<string, Key>();
  readonly account: string;
  private readonly base: string;

  constructor(account: string, region: string, partition: string) {
    this.account = account;
    this.base = `arn:${partition}:kms:${region}:${account}:`;
  }

  add(over: Partial<Key> = {}): Key {
    const id = over.id ?? randomUUID();
    const key: Key = {
      id,
      arn: `${this.base}key/${id}`,
      aliases: [],
      state: "Enabled",
      usage: "ENCRYPT_DECRYPT",
      manager: "CUSTOMER",
      ...over,
    };
    this.keys.set(key.id, key);
    return key;
  }

  /** By id, ARN, alias or ARN of an alias. */
  find(reference: string): Key | undefined {
    return [...this.keys.values()].find(
      ({ id, arn, aliases }) =>
        [id, arn, ...aliases].includes(reference) || aliases.some((alias) => `${this.base}${alias}` === reference),
    );
  }
}

/** KMS: DescribeKey. */
export function createKms(kms: KmsState): AwsService {
  return jsonService(
    "kms",
    "TrentService",
    {
      DescribeKey: {
        resource: ({ KeyId }) => kms.find(String(KeyId))?.arn ?? String(KeyId),
        run: ({ KeyId }) => {
          const key = kms.find(String(KeyId));
          const what = String(KeyId).includes("alias/") ? "Alias" : "Key";
          if (!key) throw new AwsError(400, "NotFoundException", `${what} '${String(KeyId)}' does not exist`);
          return {
            KeyMetadata: {
              AWSAccountId: kms.account,
              KeyId: key.id,
              Arn: key.arn,
              CreationDate: new Date(0),
              Enabled: key.state === "Enabled",
              Description: "",
              KeyUsage: key.usage,
              KeyState: key.state,
              Origin: "AWS_KMS",
              KeyManager: key.manager,
              CustomerMasterKeySpec: "SYMMETRIC_DEFAULT",
              KeySpec: "SYMMETRIC_DEFAULT",
              EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
              MultiRegion: false,
            },
          };
        },
      },
    },
    ({ resource }) => [resource],
  );
}
