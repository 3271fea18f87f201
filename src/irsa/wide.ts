import { audience, type PolicyDocument, subjectClaim } from "./documents.ts";
import { subsumes } from "./evaluate.ts";
import { issuerHost, type Subject } from "./identity.ts";
import { type Atom, atomsOf, atomsOfStatement } from "./meaning.ts";

type Raw = Readonly<Record<string, unknown>>;

/** Statements of a permission policy that allow something which `needed` does not. */
export function wideStatements(document: Raw, needed: PolicyDocument): readonly Raw[] {
  const limits = atomsOf(needed);
  return allowing(document, (atom) => !limits.some((limit) => within(atom, limit)));
}

/** Statements of a trust policy that let in somebody else than exactly this service account. */
export function wideTrust(document: Raw, subject: Subject, issuer: string): readonly Raw[] {
  return allowing(document, (atom) => !isExact(atom, subject, issuerHost(issuer)));
}

function allowing(document: Raw, tooWide: (atom: Atom) => boolean): readonly Raw[] {
  const { Version, Statement } = document;
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as readonly Raw[];
  return statements.filter((statement) =>
    atomsOfStatement(statement, Version !== "2012-10-17").some((atom) => atom.effect === "Allow" && tooWide(atom)),
  );
}

function within(atom: Atom, limit: Atom): boolean {
  if (atom.action.not || atom.resource?.not || limit.action.not) return false;
  const conditions = new Set(atom.conditions.map((condition) => JSON.stringify(condition)));
  return (
    subsumes(limit.action.names[0]!, atom.action.names[0]!, true) &&
    subsumes(limit.resource?.names[0] ?? "*", atom.resource?.names[0] ?? "*", false) &&
    limit.conditions.every((condition) => conditions.has(JSON.stringify(condition)))
  );
}

/** The cluster's issuer with exact audience and subject, or Pod Identity with this account's tags. */
function isExact(atom: Atom, subject: Subject, host: string): boolean {
  const asked = new Map(
    atom.conditions.filter(({ operator }) => operator === "StringEquals").map(({ key, values }) => [key, values]),
  );
  const exactly = (key: string, value: string) => {
    const values = asked.get(key.toLowerCase());
    return values?.length === 1 && values[0] === value;
  };
  const [principal = ""] = atom.principal?.not ? [] : (atom.principal?.names ?? []);
  if (principal.startsWith("Federated:"))
    return (
      principal.endsWith(`:oidc-provider/${host}`) &&
      exactly(`${host}:aud`, audience) &&
      exactly(`${host}:sub`, subjectClaim(subject))
    );
  return (
    principal === "Service:pods.eks.amazonaws.com" &&
    exactly("aws:RequestTag/kubernetes-namespace", subject.namespace) &&
    exactly("aws:RequestTag/kubernetes-service-account", subject.serviceAccount)
  );
}
