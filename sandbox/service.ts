import type { Faults } from "./faults.ts";
import type { Answer, Call } from "./http.ts";
import type { LoggedRequest, Operation, RequestLog } from "./requests.ts";

/** What every service of the sandbox is given. */
export interface Ground {
  readonly requests: RequestLog;
  readonly faults: Faults;
  /** Milliseconds since the epoch, as the sandbox's services see it; tests move it. */
  now(): number;
  /** Factor on every simulated duration (image pull, download, load balancer): 1 = as a person would wait, 0.01 in tests. */
  readonly pace: number;
  /** Hears of what the sandbox itself does wrong, and of calls that it does not build. */
  onDefect(error: unknown): void;
}

/** Runs one identified request: logs it, lets scripted faults act, then asks the service. */
export async function serve(
  ground: Ground,
  call: Call,
  operation: Operation,
  run: (entry: LoggedRequest) => Promise<Answer | undefined>,
): Promise<Answer | undefined> {
  const entry = ground.requests.add(operation, call.method, call.request.url ?? "");
  let cut: number | undefined;
  let lose = false;
  for (const effect of ground.faults.hit(operation)) {
    if (effect.kind === "answer") {
      entry.status = effect.answer.status;
      return effect.answer;
    }
    if (effect.kind === "hook") await effect.run();
    if (effect.kind === "delay") await new Promise((resolve) => setTimeout(resolve, effect.milliseconds));
    if (effect.kind === "corrupt") corrupt(call, effect.at);
    if (effect.kind === "cut") cut = effect.bytes;
    if (effect.kind === "reset") {
      if (!effect.after) return reset(call);
      lose = true;
    }
  }
  const given = await run(entry);
  entry.status = given?.status ?? call.response.statusCode;
  if (lose) return reset(call);
  if (cut !== undefined && given) return cutShort(call, given, cut);
  return given;
}

function reset(call: Call): undefined {
  const { socket } = call.request;
  // TLS has no handle that can be reset: its peer sees the connection break off.
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
  return undefined;
}

/** Flips one byte of the body on its way in; `at` counts from its first byte. */
function corrupt(call: Call, at: number): void {
  let offset = 0;
  const { request } = call;
  const emit = request.emit.bind(request);
  request.emit = ((event: string, ...args: unknown[]) => {
    const [chunk] = args;
    if (event === "data" && Buffer.isBuffer(chunk)) {
      if (at >= offset && at < offset + chunk.length) chunk[at - offset] = (chunk[at - offset] ?? 0) ^ 1;
      offset += chunk.length;
    }
    return emit(event, ...args);
  }) as typeof request.emit;
}

async function cutShort(call: Call, given: Answer, bytes: number): Promise<undefined> {
  call.response.writeHead(given.status, given.headers);
  let left = bytes;
  const { body } = given;
  const chunks =
    body === undefined ? [] : typeof body === "string" || Buffer.isBuffer(body) ? [Buffer.from(body)] : body;
  for await (const chunk of chunks) {
    const piece = (chunk as Buffer).subarray(0, left);
    left -= piece.length;
    await new Promise((resolve) => call.response.write(piece, resolve));
    if (left <= 0) break;
  }
  call.request.socket.destroy();
  return undefined;
}
