/** What became of an image's blobs, for the report. */
export interface Pushed {
  readonly name: string;
  /** Blobs that were sent, mounted from another repository, or there already. */
  readonly sent: number;
  readonly mounted: number;
  readonly present: number;
  readonly bytesSent: number;
  readonly seconds: number;
}

/** What a push came to. */
export interface PushResult {
  readonly images: readonly Pushed[];
  readonly bytesUploaded: number;
}

/** How one blob came into its repository. */
export type Arrival = "sent" | "mounted" | "present";
