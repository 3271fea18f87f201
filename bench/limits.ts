import { line, peer } from "./contenders.ts";
import type { Contender } from "./row.ts";
import type { World } from "./world.ts";

/** SHA-256 of a file by OpenSSL, on one thread: what every side that verifies digests has to compute. */
export function hashing(world: World, path: string): Contender {
  return { ...peer(world, "SHA-256 alone", line("openssl", "dgst", "-sha256", path), { kind: "limit" }), most: 3 };
}

/** A file poured by `connections` plain senders at once, 16 MiB a request, without protocol or checksums. `url`: scheme, host and port of a server that discards. */
export function pouring(world: World, url: string, path: string, connections: number): Contender {
  const { server } = world.peers;
  const command = line(
    ...[server, "pour", "-to", `${url}/bench/sink`, "-file", path, "-connections", String(connections)],
    ...["-authority", world.authority],
  );
  return { ...peer(world, `${connections} plain connections`, command, { kind: "limit" }), most: 3 };
}

/** A file as one body over one connection, by curl. */
export function curling(world: World, url: string, path: string, goal?: number): Contender {
  const command = line("curl", "-sSf", "--cacert", world.authority, "-T", path, `${url}/bench/sink`);
  return peer(world, "curl, one connection", command, { kind: "limit", ...(goal === undefined ? {} : { goal }) });
}

/** A gzip file inflated by Node's own zlib with chunks of 1 MiB, and thrown away: what one thread of the product can take in. */
export function inflating(world: World, path: string): Contender {
  const program = [
    'const { createReadStream } = require("node:fs");',
    'const { createGunzip } = require("node:zlib");',
    "const chunk = 1_048_576;",
    "createReadStream(process.argv[1], { highWaterMark: chunk }).pipe(createGunzip({ chunkSize: chunk })).resume();",
  ].join(" ");
  const command = line(process.execPath, "-e", program, path);
  return { ...peer(world, "gunzip in Node alone", command, { kind: "limit" }), most: 3 };
}

/** A download that is kept nowhere, by curl. */
export function downloading(world: World, url: string): Contender {
  const command = line("curl", "-sSf", "--cacert", world.authority, "-o", "/dev/null", url);
  return { ...peer(world, "curl, download alone", command, { kind: "limit" }), most: 3 };
}
