import type { Finding } from "../action/context.ts";

/** Where a log goes: GitHub's runner or a terminal. All text that comes here is masked and neutral already. */
export interface Printer {
  line(text: string): void;
  debug(text: string): void;
  openGroup(title: string): void;
  closeGroup(): void;
  /** With an annotation, where there are such. */
  finding(finding: Finding): void;
  /** How the long work that is under way stands. */
  progress(text: string): void;
  /** Least milliseconds between two progress texts. */
  readonly interval: number;
}
