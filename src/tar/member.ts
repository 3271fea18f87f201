/** What a member is. `sparse` is a file whose holes are left out, in any of the formats; `other` a type that this reader does not know. */
export type MemberType =
  | "file"
  | "folder"
  | "symlink"
  | "hardlink"
  | "character-device"
  | "block-device"
  | "fifo"
  | "sparse"
  | "other";

/** One member of a tar as its headers say, unjudged; see policy.ts for what is refused. */
export interface TarMember {
  /** As written: neither cleaned nor checked. Bytes that are no UTF-8 become U+FFFD. */
  readonly path: string;
  readonly type: MemberType;
  /** Bytes of data in the archive; 0 for types without data. */
  readonly size: number;
  /** Where the data begins, in bytes from the start of the archive. */
  readonly offset: number;
  /** Where the first header of the member begins, its extended headers included. */
  readonly headerOffset: number;
  /** Permission bits. */
  readonly mode: number;
  /** Target of a link. */
  readonly linkpath?: string;
  /** The extended headers that hold for it, global ones included. */
  readonly pax: Readonly<Record<string, string>>;
}
