import crypto, { type ScryptOptions } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const known = new Map<string, Buffer>();
const { scryptSync } = crypto;

/** scrypt takes a tenth of a second by design, and hundreds of runs hash the same few secrets: what it gave for the same arguments, it gives again. */
crypto.scryptSync = (password: crypto.BinaryLike, salt: crypto.BinaryLike, length: number, options?: ScryptOptions) => {
  const name = JSON.stringify([password, salt, length, options]);
  const hash = known.get(name) ?? scryptSync(password, salt, length, options);
  known.set(name, hash);
  return Buffer.from(hash);
};
syncBuiltinESMExports();
