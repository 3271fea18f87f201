import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";

export interface Comment {
  readonly id: number;
  readonly user: { readonly type: string };
  body: string;
}

export interface Issue {
  readonly number: number;
  readonly title: string;
  body: string;
  state: string;
  readonly comments: string[];
}

/** GitHub's REST calls that the scripts make, on comments and issues in memory. */
export function fakeGithub(comments: Comment[] = [], issues: Issue[] = []) {
  const rest = {
    issues: {
      listComments: "listComments",
      createComment: async ({ issue_number, body }: { issue_number: number; body: string }) => {
        comments.push({ id: comments.length + 1, user: { type: "Bot" }, body });
        issues.find((issue) => issue.number === issue_number)?.comments.push(body);
      },
      updateComment: async ({ comment_id, body }: { comment_id: number; body: string }) => {
        comments.find(({ id }) => id === comment_id)!.body = body;
      },
      listForRepo: async () => ({ data: issues.filter((issue) => issue.state === "open") }),
      create: async ({ title, body }: { title: string; body: string }) => {
        issues.push({ number: issues.length + 1, title, body, state: "open", comments: [] });
      },
      update: async ({ issue_number, ...change }: { issue_number: number; state?: string; body?: string }) => {
        Object.assign(issues.find((issue) => issue.number === issue_number)!, change);
      },
    },
  };
  return { rest, paginate: async () => comments };
}

const context = {
  serverUrl: "https://github.com",
  repo: { owner: "acme", repo: "models" },
  runId: 4711,
  issue: { number: 7 },
};

/** Runs a script as actions/github-script does: with `github`, `context`, `require` and the step's environment. */
export async function runScript(
  script: string,
  github: ReturnType<typeof fakeGithub>,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const require = createRequire(import.meta.url);
  await runInNewContext(`(async () => {\n${script}\n})()`, { github, context, require, process: { env } });
}
