import type { AnyInput, Contract } from "../../src/action/contract.ts";

/** Inputs and outputs of a contract as markdown; `shared` names those that every action has and that stand in a table of their own. */
export function tables(
  contract: Contract,
  shared: { readonly inputs: ReadonlySet<string>; readonly outputs: ReadonlySet<string> },
): string {
  const inputs = Object.entries(contract.inputs).filter(([name]) => !shared.inputs.has(name));
  const outputs = Object.entries(contract.outputs).filter(([name]) => !shared.outputs.has(name));
  return [
    inputTable(inputs),
    outputTable(outputs.map(([name, output]) => [name, output.type, output.description])),
  ].join("\n\n");
}

export function inputTable(inputs: readonly (readonly [string, AnyInput])[]): string {
  const rows = inputs.map(
    ([name, input]) => `| \`${name}\` | ${typeOf(input)} | ${fallback(input)} | ${cell(meaning(input))} |`,
  );
  return ["| input | type | default | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

export function outputTable(outputs: readonly (readonly [string, string, string])[]): string {
  const rows = outputs.map(([name, type, description]) => `| \`${name}\` | ${type} | ${cell(description)} |`);
  return ["| output | type | meaning |", "| --- | --- | --- |", ...rows].join("\n");
}

function typeOf(input: AnyInput): string {
  return input.values ? input.values.map((value) => `\`${value}\``).join(", ") : input.type;
}

function fallback(input: AnyInput): string {
  if (input.default) return `\`${input.default}\``;
  return input.required ? "**required**" : "";
}

function meaning(input: AnyInput): string {
  const parts = [input.description];
  if (typeof input.spec === "string") parts.push(`Spec: \`${input.spec}\`.`);
  if (input.report) parts.push(`From \`${input.report.replace(".", "` output `")}\`.`);
  if (input.example) parts.push(`Example: \`${input.example}\`.`);
  return parts.join(" ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
