/** What a request was, in the service's own words. `write` says whether it changes state that outlives the request. */
export interface Operation {
  /** `s3`, `ecr`, `registry`, `iam`, `sts`, `eks`, `kubernetes`, ... */
  readonly service: string;
  /** `PutObject`, `PUT manifest`, `create deployments`, ... */
  readonly name: string;
  readonly write: boolean;
  /** IAM actions that a caller needs for it, as `s3:PutObject`; empty where IAM has no say. */
  readonly iam: readonly string[];
  /** The thing acted on: `bucket/key`, a repository, a role name, `namespace/name`. */
  readonly resource: string;
  /** IAM condition keys that the request sets, beside those that the endpoint knows. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** ARNs of those actions that are about something else than the call's own resource, as `iam:PassRole` is about a role. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/** One line of the request log. */
export interface LoggedRequest extends Operation {
  readonly number: number;
  readonly method: string;
  readonly url: string;
  /** ARN or user name of the caller; empty before it is known. */
  principal: string;
  /** 0 while under way and for connections that were cut on purpose. */
  status: number;
}

/** Every request that reached the sandbox, in order of arrival. */
export class RequestLog {
  readonly all: LoggedRequest[] = [];

  add(operation: Operation, method: string, url: string, principal = ""): LoggedRequest {
    const entry: LoggedRequest = { ...operation, number: this.all.length + 1, method, url, principal, status: 0 };
    this.all.push(entry);
    return entry;
  }

  /** Requests that arrived after the first `mark` ones; `mark` is an earlier `all.length`. */
  since(mark: number): readonly LoggedRequest[] {
    return this.all.slice(mark);
  }

  /** Requests that changed state (answered below 400), after `mark`: empty after a second run. */
  writes(mark = 0): readonly LoggedRequest[] {
    return this.since(mark).filter((request) => request.write && request.status < 400);
  }

  /** IAM actions that were needed, sorted, after `mark`. */
  iamActions(mark = 0): readonly string[] {
    return [...new Set(this.since(mark).flatMap((request) => request.iam))].sort();
  }
}
