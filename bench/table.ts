import type { Side } from "./run.ts";

export function lineOf({ name, wall, cpu, work, memory, written, ratio, goal }: Side): string {
  const seconds = (value: number) => value.toFixed(value < 1 ? 3 : 2);
  return [
    name.padEnd(24),
    `${seconds(wall.median)} s (${seconds(wall.least)} to ${seconds(wall.most)})`.padEnd(28),
    `cpu ${seconds(cpu.median)}`.padEnd(12),
    `${Math.round(memory / 1_048_576)} MiB`.padEnd(9),
    `disk ${(written / 1e6).toFixed(1)} MB`.padEnd(16),
    work ? `work ${seconds(work.median)}` : "",
    ratio ? `${ratio.median.toFixed(2)}x (${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)})` : "",
    goal ? `goal ${goal.toFixed(2)}` : "",
  ].join(" ");
}
