import type { Bind, Call, Expected, ExpectedAnswer, HttpRequest, Step } from "./scenario.ts";

/** Params of `session.execute` beside the command. */
export type ExecuteParams = Record<string, unknown>;

/** A command of the scenario's session. */
export function execute(command: Record<string, unknown>, params: ExecuteParams = {}): Call {
  return { method: "session.execute", params: { sessionId: "$session", command, ...params } };
}

/** A shell script, as a program of the session. */
export function script(
  text: string,
  fields: Record<string, unknown> = {},
  params: ExecuteParams = {},
): Call {
  const command = { type: "execute_shell", commandName: "sh", args: ["-c", text], ...fields };
  return execute(command, params);
}

/** Code of the session's language. */
export function code(
  text: string,
  fields: Record<string, unknown> = {},
  params: ExecuteParams = {},
): Call {
  return execute({ type: "execute_code", code: text, ...fields }, params);
}

/** A cell of the session's default context. */
export function cell(text: string, params: ExecuteParams = {}): Call {
  return code(text, { context: "default" }, params);
}

/** A command line in the session's default shell. */
export function shell(
  command: string,
  fields: Record<string, unknown> = {},
  params: ExecuteParams = {},
): Call {
  return execute({ type: "shell_command", command, ...fields }, params);
}

/** A file of the session. */
export function write(path: string, content: string, params: ExecuteParams = {}): Call {
  return execute({ type: "write_file", path, content }, params);
}

/** A method of the process that a step has bound as `process`. */
export function process(method: string, params: Record<string, unknown> = {}): Call {
  return { method: `process.${method}`, params: { processId: "$process", ...params } };
}

/** A call whose result is as expected. */
export function step(call: Call, result: unknown, bind?: Bind): Step {
  return { call, expect: { result }, ...(bind !== undefined && { bind }) };
}

/** A request to a place of the session, such as `files/a.txt`, that is answered as expected. */
export function http(
  method: HttpRequest["method"],
  place: string,
  expect: ExpectedAnswer,
  { bind, ...request }: Partial<HttpRequest> & { readonly bind?: Bind } = {},
): Step {
  const path = `/sessions/\${session}/${place}`;
  return { http: { method, path, ...request }, expect, ...(bind !== undefined && { bind }) };
}

/** A call that is answered with an error. */
export function refused(call: Call, error: unknown): Step {
  return { call, expect: { error } };
}

/** Starts a script in the background, bound as `process`. */
export function started(
  text: string,
  fields: Record<string, unknown> = {},
  params: ExecuteParams = {},
): Step {
  const call = script(text, { ...fields, background: true }, params);
  const result = { success: true, error: null, result: { processId: "$id", pid: "$number" } };
  return { call, expect: { result }, bind: { process: "/result/result/processId" } };
}

/** Waits until a line of the process's output matches. */
export function says(pattern: string): Step {
  const call = process("waitFor", { pattern, timeoutMs: 20_000 });
  return { call, expect: { result: { ready: true } } };
}

/** Waits for the end of the process. */
export function ended(verdict: Record<string, unknown>): Step {
  const call = process("wait", { timeoutMs: 25_000 });
  return { call, expect: { result: { ended: true, result: verdict } } };
}

/** An expected result. */
export function result(value: unknown): Expected {
  return { result: value };
}
