import { stringify } from "yaml";
import type { AnyInput, Contract } from "../../src/action/contract.ts";

const icons: Readonly<Record<string, string>> = {
  "push-images": "upload-cloud",
  "sync-checkpoints": "database",
  "ensure-irsa": "user-check",
  "render-values": "file-text",
  "helm-deploy": "package",
  "smoke-test": "check-circle",
  release: "send",
};

/** action.yml of a contract. `dist` is the way from the file to dist/. */
export function actionYml(contract: Contract, dist: string): string {
  const stub = `${dist}/${contract.name}.js`;
  const document = {
    name: contract.title,
    description: contract.description,
    author: "Poolside",
    branding: { icon: icons[contract.name] ?? "box", color: "blue" },
    inputs: Object.fromEntries(Object.entries(contract.inputs).map(([name, input]) => [name, inputEntry(input)])),
    outputs: Object.fromEntries(
      Object.entries(contract.outputs).map(([name, output]) => [name, { description: output.description }]),
    ),
    runs: { using: "node24", main: stub, post: stub },
  };
  return `# Generated from src/actions/${contract.name}/contract.ts by npm run generate.\n${stringify(document, { lineWidth: 0 })}`;
}

/**
 * A default stands in action.yml only where nothing else can give the value: the runner would pass it as if the user had written it,
 * and it would win over report and spec.
 */
function inputEntry(input: AnyInput): Record<string, unknown> {
  const alone = !input.spec && !input.report;
  const entry: Record<string, unknown> = { description: describe(input) };
  if (input.required && alone) entry["required"] = true;
  if (alone && input.default) entry["default"] = input.default;
  if (input.deprecated) entry["deprecationMessage"] = input.deprecated;
  return entry;
}

function describe(input: AnyInput): string {
  const parts = [input.description];
  if (input.values) parts.push(`One of ${input.values.join(", ")}.`);
  if ((input.spec || input.report) && input.default) parts.push(`Default: ${input.default}.`);
  return parts.join(" ");
}
