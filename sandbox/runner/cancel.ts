import type { ChildProcess } from "node:child_process";

/** From SIGINT to SIGTERM, and from there to SIGKILL (milliseconds). */
const pauses = { terminate: 7_500, kill: 2_500 } as const;

/** Cancels a step as GitHub's runner does: SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL; stops as soon as the process has ended. */
export function cancelStep(child: ChildProcess): void {
  const send = (signal: NodeJS.Signals, then?: { readonly after: number; readonly next: () => void }) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    if (!then) return;
    const timer = setTimeout(then.next, then.after);
    child.once("exit", () => clearTimeout(timer));
  };
  const kill = () => send("SIGKILL");
  const terminate = () => send("SIGTERM", { after: pauses.kill, next: kill });
  send("SIGINT", { after: pauses.terminate, next: terminate });
}
