import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What this process alone has on this machine, until it releases it or ends, however it ends. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes a lock. While another process has it, this waits, asking ten times a second, and `waiting` is told so once; a signal ends that with an
 * AbortError. The lock is a name of Linux's abstract sockets, which the kernel forgets with the process
 * (https://man7.org/linux/man-pages/man7/unix.7.html): no file stays that a later run would have to judge.
 */
export async function hold(name: string, waiting: () => void, signal?: AbortSignal): Promise<Lock> {
  for (let first = true; ; first = false) {
    const lock = await take(name);
    if (lock) return lock;
    if (first) waiting();
    await sleep(100, undefined, signal && { signal });
  }
}

/** `undefined`: another has it. */
function take(name: string): Promise<Lock | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen(`\0${name}`, () => resolve({ release: () => new Promise((done) => server.close(() => done())) }));
  });
}
