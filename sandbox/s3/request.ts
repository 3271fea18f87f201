import type { AwsError, Caller } from "../aws/service.ts";
import type { Call } from "../http.ts";
import type { Bucket } from "./bucket.ts";
import type { KeyFinder } from "./encryption.ts";
import type { Permission } from "./permissions.ts";
import type { Route } from "./route.ts";
import type { S3State } from "./state.ts";

/** Says no by an error; undefined is yes. */
export type Authorise = (caller: Caller, permission: Permission) => AwsError | undefined;

export interface S3Options {
  readonly state: S3State;
  /** Keys of KMS; default: every key exists. */
  readonly keys?: KeyFinder;
  /** Rights of role sessions; default: everybody may do everything in the own account. */
  readonly authorise?: Authorise;
  /** Bytes of a part that is not the last; 5 MiB as S3. Smaller only to make tests quick. */
  readonly minimumPartSize?: number;
  /** Keep sizes and checksums, no bytes. */
  readonly discard?: boolean;
}

/** A request that may be carried out: the bucket is there, its owner and region agree, the caller has the rights. */
export interface S3Request {
  readonly call: Call;
  readonly caller: Caller;
  readonly route: Route;
  readonly bucket: Bucket;
  /** Bucket of the source of a copy. */
  readonly source: Bucket | undefined;
  readonly now: Date;
  readonly keys: KeyFinder;
  readonly minimumPartSize: number;
  readonly discard: boolean;
  /** Whether a missing key may be told from a forbidden one. */
  readonly mayList: boolean;
  /** Whether the caller may do this to a key of the bucket. */
  may(action: string, key: string): boolean;
}
