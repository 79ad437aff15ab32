// Keeps JavaScript or TypeScript between cells, as a console does: cells are evaluated in REPL mode by the
// inspector of this very process.
//
// A worker reads what the server writes, a JSON line at a time, so that it can end code that never comes
// back: it is connected to the inspector's server, which reaches the main thread whatever that is doing.
// The first line has the token that marks what is the kernel's own in the output; see kernel_stream.ts.
//
// Ending what runs also drops what waits in the queue of microtasks, the kernel's own among it. So the end of
// an interrupted cell is the work of one handler of a message, which the worker sends until it has been done.
//
// Arguments: "inspect" opens the inspector's server, without which code that never comes back cannot be
// ended; "root=PATH" is the workspace where that is not /workspace. The permissions that only the kernel needs
// are given up before the first cell with "give-up".
import * as inspector from "node:inspector";
import { createRequire, stripTypeScriptTypes } from "node:module";
import process from "node:process";
import { setImmediate } from "node:timers";
import { withoutModuleSyntax } from "./module_syntax.ts";

interface Hello {
  readonly token: string;
  readonly typescript: boolean;
}

interface CellRequest {
  readonly id: number;
  readonly count: number;
  readonly code: string;
  readonly env?: Record<string, string>;
}

interface CellError {
  readonly name: string;
  readonly value: string;
  readonly traceback: string;
}

interface CellEnding {
  readonly error?: CellError;
  readonly interrupted?: true;
}

interface RunningCell {
  readonly id: number;
  /** Takes back the variables that were set for it. */
  readonly restore: () => void;
  /** How it ended, once that is known. */
  how?: CellEnding;
}

/** What is Deno's own. */
interface Internals {
  readonly core: { setPromiseHooks(init?: (promise: unknown) => void): void };
}

type Bundle = Record<string, unknown>;

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
  readonly unserializableValue?: string;
}

interface Evaluation {
  readonly result: RemoteObject;
  readonly exceptionDetails?: {
    readonly lineNumber: number;
    readonly columnNumber: number;
    readonly exception?: RemoteObject;
  };
}

/** With its head not more than a pipe takes in one piece, whoever else writes. */
const FRAME_BYTES = 4096 - 38;
const MAX_TEXT = 256 * 1024;
const MAX_ERROR = 64 * 1024;
/** How long the main thread may take to answer before what it runs is ended. */
const ANSWER_MS = 100;
const HOOK = Symbol.for("codebeaker.kernel");
/** What the kernel and its worker share: the id of the last cell that ended, and whether code is being ended. */
const ENDED = 0;
const ENDING = 1;
/** The cell begins in a turn of its own: what runs inside the inspector's own call cannot be ended. */
const PREFIX = `"use strict";await globalThis[Symbol.for("codebeaker.kernel")].turn();`;

// Cells may replace what is global.
const { stringify } = JSON;
const encoder = new TextEncoder();
const { stdout, stderr, exit } = Deno;
const show = Deno.inspect;
const { clearTimeout, clearInterval, reportError } = globalThis;
const own = import.meta.url;
const { setPromiseHooks } = (Deno as unknown as Record<symbol, Internals>)[
  (Deno as unknown as { internal: symbol }).internal
]!.core;

const WORKER = `
const { setTimeout, clearTimeout, WebSocket, Atomics } = globalThis;
const { parse, stringify } = JSON;
let socket;
let shared;
let timer;
let nextId = 0;
self.onmessage = ({ data }) => {
  if (data.type === "shared") return shared = data.shared;
  if (socket !== undefined) return;
  socket = new WebSocket(data.url);
  socket.onopen = () => {
    Deno.permissions.revokeSync({ name: "net", host: "127.0.0.1" });
    self.postMessage({ type: "inspecting" });
  };
  socket.onerror = () => self.postMessage({ type: "inspecting" });
  socket.onmessage = ({ data }) => {
    if (parse(data).id === nextId) settle();
  };
};
function settle() {
  Atomics.store(shared, ${ENDING}, 0);
  self.postMessage({ type: "settled" });
}
function interrupt(message) {
  clearTimeout(timer);
  // What ends code waits for some that runs; the message gives it that.
  const isEnding = Atomics.load(shared, ${ENDING}) === 1;
  if (Atomics.load(shared, ${ENDED}) >= message.id && !isEnding) return;
  self.postMessage(message);
  timer = setTimeout(() => {
    // Whoever ends the cell says so first and looks then whether something is on its way that ends code.
    if (socket?.readyState === 1 && Atomics.load(shared, ${ENDING}) === 0) {
      Atomics.store(shared, ${ENDING}, 1);
      if (Atomics.load(shared, ${ENDED}) >= message.id) return settle();
      socket.send(stringify({ id: ++nextId, method: "Runtime.terminateExecution" }));
    }
    interrupt(message);
  }, ${ANSWER_MS});
}
const decoder = new TextDecoder();
const bytes = new Uint8Array(65536);
let parts = [];
for (;;) {
  const count = await Deno.stdin.read(bytes);
  if (count === null) break;
  let text = decoder.decode(bytes.subarray(0, count), { stream: true });
  for (let end; (end = text.indexOf("\\n")) >= 0; text = text.slice(end + 1)) {
    parts.push(text.slice(0, end));
    const message = parse(parts.join(""));
    if (message.type === "interrupt") interrupt(message);
    else self.postMessage(message);
    parts = [];
  }
  parts.push(text);
}
self.postMessage({ type: "bye" });
`;

let mark = new Uint8Array(0);
let isTypeScript = false;
let hookId = "";
let isReady = false;
/** The cell that came before the kernel was ready; there is one at a time. */
let first: CellRequest | undefined;
let current: RunningCell | undefined;
/** What the last {@linkcode grasp} was about. */
let grasped: unknown;
const held = new Set<unknown>();
/** The timers that the running cell has set. */
const timeouts = new Set<number>();
const intervals = new Set<number>();
const shared = new Int32Array(new SharedArrayBuffer(8));
const isInspected = Deno.args.includes("inspect");
const givesUp = Deno.args.includes("give-up");
const root = Deno.args.find((arg) => arg.startsWith("root="))?.slice(5);

// It is connected when the worker is there: after that, a worker takes half a second to start.
const session = new inspector.Session();
const worker = new Worker(
  URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })),
  { type: "module" },
);
// Cells may replace the methods of prototypes, and would so get hold of what these are called on.
Object.defineProperty(session, "emit", { value: () => false });
const toWorker = worker.postMessage.bind(worker) as (message: unknown) => void;
const postRaw = session.post.bind(session) as (
  method: string,
  params: Record<string, unknown>,
  done: (error: Error | null, result?: unknown) => void,
) => void;
const { load, store } = Atomics;
toWorker({ type: "shared", shared });
worker.onmessage = ({ data }) => {
  switch (data.type) {
    case "hello":
      return void start(data);
    case "inspecting":
      // A cell that never comes back would leave no chance to connect.
      return ready();
    case "cell":
      // Not before the permissions are what they are to be.
      if (isReady) return void perform(data);
      first = data;
      return;
    case "interrupt":
      return interrupt(data.id);
    case "settled":
      return settled();
    case "bye":
      exit(0);
  }
};

async function start({ token, typescript }: Hello): Promise<void> {
  session.connect();
  mark = encoder.encode(`\x1e${token}`);
  isTypeScript = typescript;
  const hook = {
    turn: () => new Promise<void>((go) => setImmediate(() => go())),
    grasp: (value: unknown) => void (grasped = value),
  };
  Object.defineProperty(globalThis, HOOK, { value: hook });
  const expression = `globalThis[Symbol.for("codebeaker.kernel")]`;
  hookId = (await post<Evaluation>("Runtime.evaluate", { expression })).result.objectId ?? "";
  if (isInspected) {
    inspector.open(0, "127.0.0.1");
    toWorker({ type: "inspect", url: inspector.url() });
  } else {
    ready();
  }
}

function ready(): void {
  if (givesUp) {
    Deno.permissions.revokeSync({ name: "sys" });
    if (isInspected) Deno.permissions.revokeSync({ name: "net", host: "127.0.0.1" });
  }
  Object.defineProperty(Deno, "args", { value: [] });
  prepareGlobals();
  send(stderr, { type: "ready" });
  send(stdout, { type: "ready" });
  isReady = true;
  if (first !== undefined) void perform(first);
  first = undefined;
}

function prepareGlobals(): void {
  Object.defineProperty(Error, "prepareStackTrace", {
    value: formatStack,
    writable: true,
    configurable: true,
  });
  const globals = globalThis as unknown as Record<string, unknown>;
  // What the server writes is not for cells.
  const empty = {
    read: () => Promise.resolve(null),
    readSync: () => null,
    close() {},
    isTerminal: () => false,
    readable: new Blob([]).stream(),
  };
  Object.defineProperty(Deno, "stdin", { value: empty, configurable: true });
  globals.display = display;
  // Ending the process from inside a cell makes Deno panic; the server does it.
  const leave = (code: unknown = Deno.exitCode) => {
    send(stdout, { type: "exit", code: Number(code) || 0 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  Deno.exit = leave as typeof Deno.exit;
  process.exit = leave as typeof process.exit;
  globals.require = createRequire(`file://${workingDirectory()}/`);
  const { setTimeout, setInterval, setImmediate } = globalThis;
  globals.setTimeout = (action: unknown, ...rest: unknown[]) => {
    const id: number = call(setTimeout, [later(action, () => timeouts.delete(id)), ...rest]);
    if (current !== undefined) timeouts.add(id);
    return id;
  };
  globals.setInterval = (action: unknown, ...rest: unknown[]) => {
    const id = call(setInterval, [later(action), ...rest]);
    if (current !== undefined) intervals.add(id);
    return id;
  };
  globals.setImmediate = (action: unknown, ...rest: unknown[]) =>
    call(setImmediate, [later(action), ...rest]);
  // An error in what goes on after its cell ends neither the context nor another cell.
  addEventListener("error", (event) => {
    event.preventDefault();
    complain(event.error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    complain(event.reason);
  });
}

function workingDirectory(): string {
  try {
    return Deno.cwd();
  } catch {
    return "/workspace";
  }
}

/**
 * Lets what a timer does run as a microtask: what runs in the timer itself takes the process along when it is
 * ended.
 */
function later(action: unknown, before?: () => void): unknown {
  if (typeof action !== "function") return action;
  return (...args: unknown[]) => {
    before?.();
    void (async () => {
      await undefined;
      try {
        action(...args);
      } catch (error) {
        reportError(error);
      }
    })();
  };
}

function call(timer: unknown, args: unknown[]): number {
  return (timer as (...args: unknown[]) => number)(...args);
}

async function perform({ id, count, code, env = {} }: CellRequest): Promise<void> {
  const cell: RunningCell = current = { id, restore: setEnvironment(env) };
  try {
    const ended = await evaluate(code, `cell_${count}`);
    if (ended.error !== undefined) return end(cell, { error: ended.error });
    if (ended.value !== undefined) publish(await bundle(ended.value));
    end(cell, {});
  } catch (error) {
    end(cell, { error: describe(error) });
  }
}

function interrupt(id: number): void {
  if (current?.id !== id) return;
  stopTimers();
  const error = { name: "Interrupted", value: "The cell was interrupted", traceback: "" };
  end(current, { interrupted: true, error });
}

/** Ends a cell once; it may be called again where it was itself ended half way. */
function end(cell: RunningCell, how: CellEnding): void {
  if (current !== cell) return;
  store(shared, ENDED, cell.id);
  cell.how ??= how;
  // What is on its way to end code would hit the next cell.
  if (load(shared, ENDING) === 1) return;
  cell.restore();
  timeouts.clear();
  intervals.clear();
  send(stderr, { type: "end", id: cell.id });
  send(stdout, { type: "end", id: cell.id, ...cell.how });
  current = undefined;
}

/** Nothing is on its way any more that ends code. */
function settled(): void {
  if (current?.how !== undefined) end(current, current.how);
}

/** What an interrupted cell waits for does not come, so that it does not go on. */
function stopTimers(): void {
  for (const id of timeouts) clearTimeout(id);
  for (const id of intervals) clearInterval(id);
}

async function evaluate(
  code: string,
  name: string,
): Promise<{ readonly value?: unknown; readonly error?: CellError }> {
  let source: string;
  try {
    source = withoutModuleSyntax(isTypeScript ? withoutTypes(code) : code);
  } catch (error) {
    return { error: syntaxError(error, name) };
  }
  const { result, exceptionDetails } = await holdingPromises(() =>
    post<Evaluation>("Runtime.evaluate", {
      expression: `${PREFIX}${source}\n//# sourceURL=${name}`,
      replMode: true,
      awaitPromise: true,
      objectGroup: "cell",
    })
  );
  const { value } = await grasp(exceptionDetails?.exception ?? result);
  void post("Runtime.releaseObjectGroup", { objectGroup: "cell" });
  if (exceptionDetails === undefined) return { value };
  return { error: describeAt(value, name, exceptionDetails) };
}

/**
 * Keeps the promises that a call makes until it is done. The inspector waits for that of a cell, and tells when
 * it is collected as garbage, which Deno does not survive: so one that never settles stays.
 */
async function holdingPromises<Result>(action: () => Promise<Result>): Promise<Result> {
  const made = new Set<unknown>();
  setPromiseHooks((promise: unknown) => void made.add(promise));
  let done: Promise<Result>;
  try {
    done = action();
  } finally {
    setPromiseHooks();
  }
  held.add(made);
  const result = await done;
  held.delete(made);
  return result;
}

/** The description of an error that the inspector found, whose place its own stack may lack. */
function describeAt(
  value: unknown,
  name: string,
  { lineNumber, columnNumber }: NonNullable<Evaluation["exceptionDetails"]>,
): CellError {
  const error = describe(value);
  if (!(value instanceof SyntaxError) || error.traceback.includes(`${name}:`)) return error;
  const column = columnNumber + 1 - (lineNumber === 0 ? PREFIX.length : 0);
  const place = `${name}:${lineNumber + 1}:${Math.max(1, column)}`;
  return { ...error, traceback: `${error.name}: ${error.value}\n    at ${place}` };
}

function withoutTypes(code: string): string {
  try {
    return stripTypeScriptTypes(code);
  } catch (error) {
    // Enums and namespaces are more than types. Their lines may move.
    if ((error as { code?: string }).code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") throw error;
    return stripTypeScriptTypes(code, { mode: "transform" });
  }
}

/** Of what the compiler says there is one line that tells what, and one that tells where. */
function syntaxError(error: unknown, name: string): CellError {
  const text = (error instanceof Error ? error.message : String(error))
    .replaceAll("file:///stripTypeScriptTypes.ts", name);
  const value = (text.split("\n")[0] ?? "").replace(/^SyntaxError: /, "");
  const traceback = text.startsWith("SyntaxError: ") ? text : `SyntaxError: ${text}`;
  return { name: "SyntaxError", value, traceback };
}

/** The value behind an object of the inspector, in a box: it may be a promise, which is not waited for. */
async function grasp(
  { objectId, value, unserializableValue }: RemoteObject,
): Promise<{ readonly value: unknown }> {
  if (objectId === undefined && unserializableValue === undefined) return { value };
  const argument = objectId === undefined ? { unserializableValue } : { objectId };
  await post("Runtime.callFunctionOn", {
    objectId: hookId,
    functionDeclaration: "function (value) { this.grasp(value); }",
    arguments: [argument],
    objectGroup: "cell",
  });
  const found = { value: grasped };
  grasped = undefined;
  return found;
}

function post<Result>(method: string, params: Record<string, unknown>): Promise<Result> {
  return new Promise((resolve, reject) => {
    postRaw(method, params, (error, result) => {
      if (error === null) resolve(result as Result);
      else reject(error);
    });
  });
}

function setEnvironment(env: Record<string, string>): () => void {
  const before: [string, string | undefined][] = [];
  for (const [name, value] of Object.entries(env)) {
    // The code may not read what its permissions leave out, so that need not be there.
    const { state } = Deno.permissions.querySync({ name: "env", variable: name });
    if (state !== "granted") continue;
    before.push([name, Deno.env.get(name)]);
    Deno.env.set(name, value);
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
}

interface CallSite {
  getFunctionName(): string | null;
  getScriptNameOrSourceURL?(): string | null;
  getFileName(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  isAsync?(): boolean;
}

const CELL_REGEXP = /^cell_\d+$/;

/** Writes a stack with the names of cells, which the platform's own has not, and without what is ours. */
function formatStack(error: unknown, sites: readonly CallSite[]): string {
  const lines = sites.flatMap((site) => {
    const file = site.getScriptNameOrSourceURL?.() ?? site.getFileName();
    if (file === null || file === own || /^(ext|data):/.test(file)) return [];
    const line = site.getLineNumber() ?? 0;
    const column = site.getColumnNumber() ?? 0;
    const prefix = line === 1 && CELL_REGEXP.test(file) ? PREFIX.length : 0;
    const place = `${file}:${line}:${Math.max(1, column - prefix)}`;
    const caller = site.getFunctionName();
    const where = caller === null || caller === "" ? place : `${caller} (${place})`;
    return [`    at ${site.isAsync?.() === true ? "async " : ""}${where}`];
  });
  return [safely(() => Error.prototype.toString.call(error)), ...lines].join("\n");
}

function describe(error: unknown): CellError {
  const isError = error instanceof Error;
  const name = isError ? safely(() => String(error.name)) : typeof error;
  const value = safely(() => isError ? String(error.message) : String(error));
  const shown = safely(() => isError ? show(error, { colors: false }) : `Uncaught ${show(error)}`);
  const traceback = shown.split("\n").filter((line) => !/^\s+at .*\b(?:ext|data):/.test(line));
  return {
    name,
    value: shorten(value, MAX_ERROR),
    traceback: shorten(traceback.join("\n"), MAX_ERROR),
  };
}

function safely(get: () => string): string {
  try {
    return get();
  } catch {
    return "";
  }
}

function complain(error: unknown): void {
  stderr.writeSync(encoder.encode(`${describe(error).traceback}\n`));
}

const DISPLAY = Symbol.for("Jupyter.display");

/** A value in every form that it offers. */
async function bundle(value: unknown): Promise<Bundle> {
  const data: Bundle = {};
  const offered = typeof value === "object" && value !== null
    ? (value as Record<symbol, unknown>)[DISPLAY]
    : undefined;
  if (typeof offered === "function") add(data, await offered.call(value));
  data["text/plain"] ??= plain(value);
  return data;
}

function plain(value: unknown): string {
  const text = show(value, {
    colors: false,
    depth: 6,
    iterableLimit: 200,
    strAbbreviateSize: MAX_TEXT,
  });
  return shorten(text, MAX_TEXT);
}

function add(data: Bundle, offered: unknown): void {
  if (typeof offered !== "object" || offered === null) return;
  for (const [mime, content] of Object.entries(offered)) {
    if (content instanceof Uint8Array) data[mime] = content.toBase64();
    else if (typeof content === "string" || mime.endsWith("json")) data[mime] = content;
  }
}

/** Shows a value among the cell's results; with `raw`, an object of MIME type to content. */
async function display(value: unknown, { raw = false }: { raw?: boolean } = {}): Promise<void> {
  if (!raw) return publish(await bundle(value));
  const data: Bundle = {};
  add(data, value);
  data["text/plain"] ??= "";
  publish(data);
}

function publish(data: Bundle): void {
  if (current !== undefined) send(stdout, { type: "result", id: current.id, data });
}

function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor(limit / 2);
  const omitted = text.length - 2 * half;
  return `${text.slice(0, half)}\n… ${omitted} characters omitted …\n${text.slice(-half)}`;
}

function send(stream: typeof stdout, message: unknown): void {
  const text = stringify(message);
  // The path is known to the process, and nobody else's business; see path_mask.ts.
  const data = encoder.encode(root === undefined ? text : text.replaceAll(root, "/workspace"));
  for (let start = 0; start < data.length; start += FRAME_BYTES) {
    const part = data.subarray(start, start + FRAME_BYTES);
    const more = start + FRAME_BYTES < data.length ? "+" : ".";
    const head = encoder.encode(more + part.length.toString(16).padStart(4, "0"));
    const frame = new Uint8Array(mark.length + head.length + part.length);
    frame.set(mark);
    frame.set(head, mark.length);
    frame.set(part, mark.length + head.length);
    for (let written = 0; written < frame.length;) {
      written += stream.writeSync(frame.subarray(written));
    }
  }
}
