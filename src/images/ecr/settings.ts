/** How repositories that we make are set up; existing ones are used as they are. */
export interface RepositorySettings {
  readonly mutability: "IMMUTABLE" | "MUTABLE" | "IMMUTABLE_WITH_EXCLUSION" | "MUTABLE_WITH_EXCLUSION";
  /** 1 to 5 wildcard filters with the two `_WITH_EXCLUSION`; else none. */
  readonly exclusions: readonly string[];
  /** `registry`: what the registry's own scanning settings say. */
  readonly scanOnPush: "registry" | "true" | "false";
  /** ARN of a KMS key; absent: AES256, ECR's default. */
  readonly encryptionKey: string | undefined;
  /** Accounts that may pull. */
  readonly pullAccounts: readonly string[];
  /** Value of the tag `eks-deploy/owner`. */
  readonly owner: string;
}

/** The settings in one line, for the table of changes. */
export function settingsText(settings: RepositorySettings): string {
  const { mutability, exclusions, scanOnPush, encryptionKey, pullAccounts } = settings;
  return [
    `tags ${mutability.toLowerCase().replaceAll("_", " ")}${exclusions.length > 0 ? ` (${exclusions.join(", ")})` : ""}`,
    ...(scanOnPush === "registry" ? [] : [`scan on push ${scanOnPush}`]),
    encryptionKey ? `KMS ${encryptionKey}` : "AES256",
    ...(pullAccounts.length > 0 ? [`pull by ${pullAccounts.join(", ")}`] : []),
  ].join("; ");
}
