/** What a sending thread runs: requests whose bodies it reads by itself. Started by sending-threads.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { Secret } from "../action/secret.ts";
import { createAgents } from "../agent.ts";
import { crc32 } from "../bytes/crc.ts";
import { sourceChanged } from "../bytes/failures.ts";
import { openFile } from "../bytes/file.ts";
import type { Place, Source } from "../bytes/source.ts";
import { systemClock } from "../retry.ts";
import { BodyChecksum } from "./body-checksum.ts";
import { send } from "./send.ts";
import { type Order, type PlacedRequest, type Report, type Sent, type ThreadStart, tell } from "./thread-messages.ts";
import { type Means, urlSource } from "./url-source.ts";

const { surroundings, connections } = workerData as ThreadStart;
const agents = createAgents(surroundings, connections);
const running = new Map<number, AbortController>();
const report = (what: Report) => parentPort!.postMessage(what);

parentPort!.on("message", ({ id, request }: Order) => {
  if (!request) return running.get(id)?.abort();
  const stop = new AbortController();
  running.set(id, stop);
  sendPlaced(request, { clock: systemClock, signal: stop.signal, emit: (event) => report({ id, event }) })
    .then(
      (sent) => report({ id, sent }),
      (thrown: unknown) => report({ id, failure: tell(thrown) }),
    )
    .finally(() => running.delete(id));
});

async function sendPlaced({ place, size, ...request }: PlacedRequest, means: Means): Promise<Sent> {
  const { signal } = means;
  const source = await open(place, means);
  try {
    const checksum = new BodyChecksum(crc32);
    const body = checksum.framed({ source, offset: place.offset, size }, signal);
    const { body: said, ...answer } = await send({ ...request, body, agents, signal });
    // A copy of its own: a message takes along all of the memory that bytes lie in.
    return { answer: { ...answer, body: new Uint8Array(said) }, crc: checksum.value };
  } finally {
    await source.close();
  }
}

async function open(place: Place, means: Means): Promise<Source> {
  if ("url" in place) return urlSource({ ...place, url: new Secret(place.url) }, agents, means);
  const source = await openFile(place.path, place.label);
  if (source.identity === place.identity) return source;
  await source.close();
  throw sourceChanged(place.label);
}
