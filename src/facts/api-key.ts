import type { Context } from "../action/context.ts";
import { Secret } from "../action/secret.ts";
import { fromAws } from "../aws/errors.ts";
import { secretsManagerClient } from "../aws/secrets-manager.ts";
import { type Aws, connectAws } from "../aws/session.ts";
import { ssmClient } from "../aws/ssm.ts";
import { UserError } from "../errors.ts";

/** The inputs that say where the models' API key comes from. */
export interface ApiKeyInputs {
  readonly apiKey: Secret | undefined;
  /** `secretsmanager:<arn>#<key>` or `ssm:<name>`. */
  readonly apiKeyFrom: string | undefined;
  readonly awsRegion: string | undefined;
  readonly awsAccountId: string | undefined;
  readonly roleToAssume: string | undefined;
}

/** The API key, masked before it is returned; `undefined` where none is given. The input wins over the reference. */
export async function apiKey(inputs: ApiKeyInputs, ctx: Context): Promise<Secret | undefined> {
  if (inputs.apiKey) return inputs.apiKey;
  if (!inputs.apiKeyFrom) return undefined;
  const { service, name, field } = parse(inputs.apiKeyFrom);
  const aws = await connectAws(
    { region: inputs.awsRegion, accountId: inputs.awsAccountId, role: inputs.roleToAssume },
    ctx,
  );
  const text = service === "ssm" ? await fromParameter(name, aws) : await fromSecret(name, field, aws);
  for (const line of text.split("\n")) ctx.mask(line);
  return new Secret(text);
}

function parse(reference: string): { service: "ssm" | "secretsmanager"; name: string; field: string | undefined } {
  const match = /^(secretsmanager|ssm):([^#]+)(?:#(.+))?$/.exec(reference);
  if (!match) {
    throw new UserError("API_KEY_REFERENCE", {
      happened: `api-key-from is "${reference}", which is no reference.`,
      next: "Write secretsmanager:<arn>#<key> or ssm:<name>.",
    });
  }
  return { service: match[1] as "ssm", name: match[2]!, field: match[3] };
}

async function fromParameter(name: string, aws: Aws): Promise<string> {
  const { GetParameterCommand } = await import("@aws-sdk/client-ssm");
  try {
    const client = await ssmClient(aws);
    const answer = await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }));
    return filled(answer.Parameter?.Value, `ssm:${name}`);
  } catch (thrown) {
    throw fromAws(thrown, `reading the parameter ${name}`);
  }
}

async function fromSecret(id: string, field: string | undefined, aws: Aws): Promise<string> {
  const { GetSecretValueCommand } = await import("@aws-sdk/client-secrets-manager");
  let text: string | undefined;
  try {
    const client = await secretsManagerClient(aws);
    text = (await client.send(new GetSecretValueCommand({ SecretId: id }))).SecretString;
  } catch (thrown) {
    throw fromAws(thrown, `reading the secret ${id}`);
  }
  return filled(field === undefined ? text : fieldOf(text ?? "", field), field === undefined ? id : `${id}#${field}`);
}

function fieldOf(text: string, field: string): string | undefined {
  try {
    const value = (JSON.parse(text) as Record<string, unknown>)[field];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function filled(value: string | undefined, where: string): string {
  if (value) return value;
  throw new UserError("API_KEY_EMPTY", {
    happened: `There is no key at ${where}.`,
    next: "Put the key there as text (a field of the secret's JSON where one is named), or give api-key.",
  });
}
