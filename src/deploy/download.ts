/** How far a downloader is, as far as its log tells. */
export interface DownloadProgress {
  /** Bytes; absent where the log gives only a share. */
  readonly done?: number;
  readonly total?: number;
  /** 0 to 100. */
  readonly percent?: number;
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const amount = /(\d+(?:\.\d+)?)\s*([kKMGT]i?B|B)\b\s*(?:of|\/)\s*~?(\d+(?:\.\d+)?)\s*([kKMGT]i?B|B)\b/;
const share = /(\d{1,3}(?:\.\d+)?)\s?%/;

/** The newest line that tells how far the download is; `undefined` where none does. Wordings of common downloaders are understood, none is required. */
export function progressOf(lines: readonly string[]): DownloadProgress | undefined {
  for (const line of lines.toReversed()) {
    const sizes = amount.exec(line);
    if (sizes) {
      const [done, total] = [bytes(sizes[1]!, sizes[2]!), bytes(sizes[3]!, sizes[4]!)];
      return { done, total, ...(total > 0 ? { percent: (done / total) * 100 } : {}) };
    }
    const percent = Number(share.exec(line)?.[1]);
    if (percent >= 0 && percent <= 100) return { percent };
  }
  return undefined;
}

function bytes(number: string, unit: string): number {
  return Number(number) * (units[unit] ?? 1);
}
