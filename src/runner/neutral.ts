/** A character of no width: it separates what the runner would read as a command. */
const gap = "\u200b";

/**
 * Foreign text that runs no workflow command: GitHub's runner reads `::command::` at a line's start and `##[command]` anywhere in a line.
 * Carriage returns end a line there too. Other control characters are dropped, and escape sequences but those for colour, so that nobody else moves a
 * terminal's cursor or hides a line.
 */
export function neutralise(text: string): string {
  return text
    .replaceAll(/\r\n?/g, "\n")
    .replaceAll(/[\u2028\u2029\u0085\v\f]/g, "\n")
    .replaceAll(/[\u0000-\u0008\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g, "")
    .replaceAll(/\u001b(?!\[[0-9;]*m)/g, "")
    .split("\n")
    .map((line) => line.replace(/^(\s*):(?=:)/, `$1:${gap}`).replaceAll("##[", `##${gap}[`))
    .join("\n");
}
