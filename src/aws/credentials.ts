/** An access key, as the SDK's clients take it. Never printed; the secrets are masked when they are made. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end; absent for long-lived ones. */
  readonly expiration?: Date;
}

/** Gives credentials that are good for at least five minutes where they can be renewed. */
export type CredentialProvider = () => Promise<Credentials>;
