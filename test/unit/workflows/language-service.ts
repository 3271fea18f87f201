import { join } from "node:path";
import { FeatureFlags } from "@actions/expressions";
import { validate } from "@actions/languageservice";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse } from "yaml";
import { textOf } from "./files.ts";

/** The inputs of the actions of others that our workflows use, as their action.yml has them. */
const knownActions: Readonly<Record<string, readonly string[]>> = {
  "actions/attest": ["subject-path", "subject-digest", "subject-name", "sbom-path"],
  "actions/checkout": ["ref", "repository", "path", "persist-credentials", "fetch-depth", "token"],
  "actions/download-artifact": ["name", "artifact-ids", "path", "pattern", "merge-multiple", "github-token", "run-id"],
  "actions/github-script": ["script", "github-token", "result-encoding", "retries"],
  "actions/upload-artifact": ["name", "path", "if-no-files-found", "retention-days", "compression-level", "overwrite"],
};

/** Users call our workflows by the repository's name; here they are the files beside us. */
function ownPath(reference: { readonly owner: string; readonly repository: string; readonly path: string }): string {
  if (`${reference.owner}/${reference.repository}` === "poolside/eks-deploy") return reference.path;
  throw new Error(`not here: ${reference.path}`);
}

/** The service caches what it read by address, so every document gets one of its own. */
let documents = 0;

/** What GitHub's own language service finds in a workflow or an action.yml, as `line: message`. */
export async function findings(path: string, text = textOf(path)): Promise<readonly string[]> {
  const document = TextDocument.create(`file:///${documents++}/${path}`, "yaml", 1, text);
  const diagnostics = await validate(document, {
    featureFlags: new FeatureFlags({ all: true }),
    fileProvider: {
      async getFileContent(reference) {
        const local = "repository" in reference ? ownPath(reference) : reference.path;
        return { name: local, content: textOf(local) };
      },
    },
    actionsMetadataProvider: {
      async fetchActionMetadata({ owner, name, path: folder }) {
        if (`${owner}/${name}` === "poolside/eks-deploy") return parse(textOf(join(folder ?? "", "action.yml")));
        const inputs = knownActions[`${owner}/${name}`];
        if (!inputs) return undefined;
        const described = inputs.map((input) => [input, { description: input }]);
        return { name, description: name, inputs: Object.fromEntries(described) };
      },
    },
  });
  return diagnostics.map(({ range, message }) => `${range.start.line + 1}: ${message}`);
}
