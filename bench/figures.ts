/** Seconds and the like, with three digits below one and two above. */
export function number(value: number): string {
  return value.toFixed(value < 1 ? 3 : 2);
}

export function seconds(value: number): string {
  return `${number(value)} s`;
}

/** Memory, in MiB. */
export function bytesText(bytes: number): string {
  return `${Math.round(bytes / 1_048_576).toLocaleString("en-US")} MiB`;
}

/** A part of one, in per cent. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
