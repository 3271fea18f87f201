/** An access key, as the SDK's clients take it. Never printed; the secrets are masked when they are made. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When they end; absent for long-lived ones. */
  readonly expiration?: Date;
}

/** Gives credentials that are good for at least five minutes where they can be renewed. */
export interface CredentialProvider {
  (): Promise<Credentials>;
  /** Tells that a service calls them expired before their time: the next call mints new ones. Absent where nothing can be renewed. */
  readonly renew?: () => void;
  /** Keeps the SDK's clients from remembering what was given: this provider remembers by itself. */
  readonly memoized?: true;
}
