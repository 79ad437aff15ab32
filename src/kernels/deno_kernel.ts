// Keeps JavaScript or TypeScript between cells, as a console does: cells are evaluated in REPL mode by the
// inspector of this very process.
//
// A worker reads what the server writes, a JSON line at a time, so that it can end code that never comes
// back: it is connected to the inspector's server, which reaches the main thread whatever that is doing.
// The first line has the token that marks what is the kernel's own in the output; see kernel_stream.ts.
import * as inspector from "node:inspector";
import { createRequire, stripTypeScriptTypes } from "node:module";
import process from "node:process";
import { setImmediate } from "node:timers";
import { withoutModuleSyntax } from "./module_syntax.ts";

interface Hello {
  readonly token: string;
  readonly typescript: boolean;
  /** Whether to open the inspector's server, without which code that never comes back cannot be ended. */
  readonly inspect: boolean;
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
/** The cell begins in a turn of its own: what runs inside the inspector's own call cannot be ended. */
const PREFIX = `"use strict";await globalThis[Symbol.for("codebeaker.kernel")].turn();`;

// Cells may replace what is global.
const { stringify } = JSON;
const encoder = new TextEncoder();
const { stdout, stderr, exit } = Deno;
const show = Deno.inspect;
const { clearTimeout, clearInterval } = globalThis;
const own = import.meta.url;

const WORKER = `
const { setTimeout, clearTimeout, WebSocket } = globalThis;
const { parse, stringify } = JSON;
let socket;
let timer;
let nextId = 0;
self.onmessage = ({ data }) => {
  if (data.type === "alive") return clearTimeout(timer);
  socket = new WebSocket(data.url);
  socket.onopen = () => self.postMessage({ type: "inspecting" });
  socket.onerror = socket.onopen;
  socket.onmessage = ({ data }) => {
    if (parse(data).id === nextId) self.postMessage({ type: "terminated" });
  };
};
function receive(line) {
  const message = parse(line);
  self.postMessage(message);
  if (message.type !== "interrupt" || socket?.readyState !== 1) return;
  clearTimeout(timer);
  timer = setTimeout(() => {
    socket.send(stringify({ id: ++nextId, method: "Runtime.terminateExecution" }));
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
    receive(parts.join(""));
    parts = [];
  }
  parts.push(text);
}
self.postMessage({ type: "bye" });
`;

let mark = new Uint8Array(0);
let isTypeScript = false;
let hookId = "";
let current: { readonly id: number; readonly interrupt: () => void } | undefined;
/** What the last {@linkcode grasp} was about. */
let grasped: unknown;
/** The timers that the running cell has set. */
const timeouts = new Set<number>();
const intervals = new Set<number>();

// It is connected when the worker is there: after that, a worker takes half a second to start.
const session = new inspector.Session();
const worker = new Worker(
  URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })),
  { type: "module" },
);
worker.onmessage = ({ data }) => {
  switch (data.type) {
    case "hello":
      return void start(data);
    case "inspecting":
      // A cell that never comes back would leave no chance to connect.
      return ready();
    case "cell":
      return void perform(data);
    case "interrupt":
      worker.postMessage({ type: "alive" });
      if (current?.id === data.id) current?.interrupt();
      return;
    case "terminated":
      return current?.interrupt();
    case "bye":
      exit(0);
  }
};

async function start({ token, typescript, inspect }: Hello): Promise<void> {
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
  prepareGlobals();
  if (inspect) {
    inspector.open(0, "127.0.0.1");
    worker.postMessage({ type: "inspect", url: inspector.url() });
  } else {
    ready();
  }
}

function ready(): void {
  send(stderr, { type: "ready" });
  send(stdout, { type: "ready" });
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
  const { setTimeout, setInterval } = globalThis;
  globals.setTimeout = (action: unknown, ...rest: unknown[]) => {
    if (typeof action !== "function") return call(setTimeout, [action, ...rest]);
    const id: number = call(setTimeout, [(...args: unknown[]) => {
      timeouts.delete(id);
      action(...args);
    }, ...rest]);
    if (current !== undefined) timeouts.add(id);
    return id;
  };
  globals.setInterval = (...args: unknown[]) => {
    const id = call(setInterval, args);
    if (current !== undefined) intervals.add(id);
    return id;
  };
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

function call(timer: unknown, args: unknown[]): number {
  return (timer as (...args: unknown[]) => number)(...args);
}

async function perform({ id, count, code, env = {} }: CellRequest): Promise<void> {
  const name = `cell_${count}`;
  const interrupted = Promise.withResolvers<"interrupted">();
  current = { id, interrupt: () => interrupted.resolve("interrupted") };
  const restore = setEnvironment(env);
  const end: Record<string, unknown> = { type: "end", id };
  try {
    const ended = await Promise.race([evaluate(code, name), interrupted.promise]);
    if (ended === "interrupted") {
      stopTimers();
      end.interrupted = true;
      end.error = { name: "Interrupted", value: "The cell was interrupted", traceback: "" };
    } else if (ended.error !== undefined) {
      end.error = ended.error;
    } else if (ended.value !== undefined) {
      publish(await bundle(ended.value));
    }
  } catch (error) {
    end.error = describe(error);
  }
  timeouts.clear();
  intervals.clear();
  current = undefined;
  restore();
  send(stderr, { type: "end", id });
  send(stdout, end);
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
  const evaluation = await post<Evaluation>("Runtime.evaluate", {
    expression: `${PREFIX}${source}\n//# sourceURL=${name}`,
    replMode: true,
    awaitPromise: true,
    objectGroup: "cell",
  });
  const { result, exceptionDetails } = evaluation;
  const { value } = await grasp(exceptionDetails?.exception ?? result);
  void post("Runtime.releaseObjectGroup", { objectGroup: "cell" });
  if (exceptionDetails === undefined) return { value };
  const error = describe(value);
  const hasPlace = error.traceback.includes(`${name}:`);
  if (value instanceof SyntaxError && !hasPlace) {
    const { lineNumber, columnNumber } = exceptionDetails;
    const column = columnNumber + 1 - (lineNumber === 0 ? PREFIX.length : 0);
    const place = `${name}:${lineNumber + 1}:${Math.max(1, column)}`;
    const traceback = `${error.name}: ${error.value}\n    at ${place}`;
    return { error: { ...error, traceback } };
  }
  return { error };
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
    session.post(method, params, (error: Error | null, result?: unknown) => {
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
  const data = encoder.encode(stringify(message));
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
