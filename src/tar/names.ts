/**
 * What nobody sees and no file of a checkpoint or bundle has in its name: controls, separators of lines, marks that turn the direction of writing, and
 * what XML cannot carry, so that S3 could not list it.
 */
const invisible = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** Whether a name holds controls, or what else nobody sees. */
export function holdsControl(name: string): boolean {
  return name.search(invisible) >= 0;
}

/** A name of somebody else's as it may stand in a message: quoted, what nobody sees escaped, not endless. */
export function shown(name: string): string {
  const quoted = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  return quoted.replace(invisible, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
