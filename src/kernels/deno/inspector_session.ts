import * as inspector from "node:inspector";

/** A value as the inspector tells it. */
export interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
}

/** What the inspector answers to `Runtime.evaluate`. */
export interface Evaluation {
  readonly result: RemoteObject;
  readonly exceptionDetails?: {
    readonly lineNumber: number;
    readonly columnNumber: number;
    readonly exception?: RemoteObject;
  };
}

const session = new inspector.Session();
// Cells may replace the methods of prototypes, and would so get hold of what these are called on.
Object.defineProperty(session, "emit", { value: () => false });
const postRaw = session.post.bind(session) as (
  method: string,
  params: Record<string, unknown>,
  done: (error: Error | null, result?: unknown) => void,
) => void;

/** Connects to the inspector of this process; nothing can be asked before. */
export function connectInspector(): void {
  session.connect();
}

/** Opens the inspector to whoever knows the address that is returned. */
export function openInspectorServer(): string | undefined {
  inspector.open(0, "127.0.0.1");
  return inspector.url();
}

/** Asks the inspector. */
export function post<Result>(method: string, params: Record<string, unknown>): Promise<Result> {
  return new Promise((resolve, reject) => {
    postRaw(method, params, (error, result) => {
      if (error === null) resolve(result as Result);
      else reject(error);
    });
  });
}
