import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { World } from "../../../sandbox/world.ts";

/** One address for the services of several accounts, as AWS has one: who signs decides whose services answer; a role to assume names its account. */
export async function startFrontDoor(
  worlds: readonly World[],
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const homes = new Map(worlds.map((world) => [world.names.account, new URL(world.env["AWS_ENDPOINT_URL"]!)]));
  const { principals } = worlds[0]!.aws;
  const server = createServer((incoming, outgoing) => {
    const key = keyOf(incoming);
    const account = key && principals.find(key)?.caller.account;
    if (account) return forward(incoming, [], homes.get(account)!, outgoing);
    collect(incoming).then((body) => {
      const named = /arn%3Aaws%3Aiam%3A%3A(\d{12})/.exec(body.toString())?.[1] ?? worlds[0]!.names.account;
      forward(incoming, [body], homes.get(named)!, outgoing);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) };
}

function keyOf({ headers, url = "" }: IncomingMessage): string | undefined {
  const signed = /Credential=([A-Z0-9]+)\//.exec(headers.authorization ?? "")?.[1];
  return signed ?? /X-Amz-Credential=([A-Z0-9]+)/.exec(url)?.[1];
}

async function collect(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** `read`: the body, where it was read already. The host stays: it is signed. */
function forward(incoming: IncomingMessage, read: readonly Buffer[], home: URL, outgoing: ServerResponse): void {
  const { expect: _, ...headers } = incoming.headers;
  const onward = request(
    { host: home.hostname, port: home.port, method: incoming.method, path: incoming.url, headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    },
  );
  onward.on("error", () => outgoing.destroy());
  outgoing.on("close", () => onward.destroy());
  if (read.length > 0) onward.end(Buffer.concat(read));
  else incoming.pipe(onward);
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
