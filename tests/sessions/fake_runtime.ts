import { unimplemented } from "@std/assert";
import { CommandError } from "../../src/errors.ts";
import type {
  FileEventSink,
  SandboxWatch,
  WatchEnd,
  WatchSpec,
} from "../../src/runtimes/file_watch.ts";
import type { Entry } from "../../src/protocol/commands.ts";
import type { Language } from "../../src/protocol/language.ts";
import { eachSettled } from "../../src/runtimes/each_settled.ts";
import type {
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
} from "../../src/runtimes/file_transfer.ts";
import type {
  LanguageSupport,
  ProcessControl,
  ReadOptions,
  RunOptions,
  RunOutcome,
  RunSpec,
  Runtime,
  RuntimeStatus,
  Sandbox,
  SandboxFiles,
  SandboxLoss,
  SandboxSpec,
  WriteOptions,
} from "../../src/runtimes/runtime.ts";

const encoder = new TextEncoder();

/** What a program of a test does. */
export type Program = (run: ProgramRun) => Promise<RunOutcome> | RunOutcome;

/** A program of a test while it runs. */
export interface ProgramRun {
  readonly spec: RunSpec;
  readonly signal: AbortSignal;
  readonly output: RunOptions["output"];
  /** Says that it runs; control that is not given does nothing. */
  start(control?: Partial<ProcessControl>): void;
  /** Writes to stdout. */
  print(text: string): void;
  /** Writes to stderr. */
  complain(text: string): void;
}

const NO_CONTROL: ProcessControl = {
  pid: 1234,
  write: () => Promise.resolve(),
  closeStdin: () => Promise.resolve(),
  signal: () => Promise.resolve(),
  resize: () => Promise.resolve(),
};

/** The outcome of a program that exited. */
export function exit(exitCode = 0): RunOutcome {
  return { cause: "exited", exitCode };
}

/** A program that runs until it is stopped. */
export function endless({ signal }: Pick<ProgramRun, "signal">): Promise<RunOutcome> {
  return new Promise((resolve) => {
    const stop = () => resolve({ cause: "stopped", exitCode: null });
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** Files in memory, without directories. */
export class FakeFiles implements SandboxFiles {
  readonly content = new Map<string, Uint8Array>();
  readonly modes = new Map<string, number>();
  /** Awaited before each command, so that a test can hold one up. */
  gate: (path: string) => Promise<void> | void = () => {};

  async write(path: string, content: Uint8Array, options: WriteOptions = {}): Promise<void> {
    await this.gate(path);
    const old = options.append ? this.content.get(path) ?? new Uint8Array() : new Uint8Array();
    this.content.set(path, Uint8Array.from([...old, ...content]));
  }

  async read(path: string, options: ReadOptions = {}) {
    await this.gate(path);
    const all = this.content.get(path);
    if (all === undefined) throw new CommandError(`File not found: ${path}`);
    const { offset = 0, length = all.length } = options;
    return { content: all.slice(offset, offset + length), size: all.length };
  }

  readMany(paths: readonly string[], options: ReadOptions = {}) {
    return eachSettled(paths, (path) => this.read(path, options));
  }

  listMany(paths: readonly string[]) {
    return eachSettled(paths, () => this.list());
  }

  async copy(source: string, destination: string): Promise<number> {
    const { content } = await this.read(source);
    this.content.set(destination, content);
    return content.length;
  }

  async move(source: string, destination: string): Promise<void> {
    await this.copy(source, destination);
    this.content.delete(source);
  }

  async remove(path: string): Promise<void> {
    await this.read(path);
    this.content.delete(path);
  }

  async createDirectory(path: string): Promise<void> {
    await this.gate(path);
  }

  async chmod(path: string, mode: number): Promise<void> {
    await this.read(path);
    this.modes.set(path, mode);
  }

  list(): Promise<Entry[]> {
    return Promise.resolve([...this.content].map(([path, { length }]) => entry(path, length)));
  }

  async open(path: string, { offset, length }: OpenOptions = {}): Promise<OpenedFile> {
    const { content, size } = await this.read(path, { offset, length });
    return {
      size,
      mode: this.modes.get(path) ?? 0o644,
      modifiedAt: 0,
      version: `v${size}`,
      length: content.length,
      content: ReadableStream.from([content]),
    };
  }

  async store(path: string, content: AsyncIterable<Uint8Array>): Promise<StoredFile> {
    const created = !this.content.has(path);
    const bytes = await new Response(ReadableStream.from(content)).bytes();
    await this.write(path, bytes);
    return { bytes: bytes.length, version: `v${bytes.length}`, created };
  }

  scan(): Promise<ScannedEntry[]> {
    return unimplemented();
  }

  link(): Promise<void> {
    return unimplemented();
  }

  adjust(): Promise<void> {
    return unimplemented();
  }

  async info(path: string): Promise<Entry> {
    return entry(path, (await this.read(path)).size);
  }
}

function entry(path: string, size: number): Entry {
  const name = path.split("/").at(-1) ?? path;
  return { name, path, type: "file", size, modifiedAt: new Date(0).toISOString() };
}

/** A sandbox whose programs are functions of the test. */
export class FakeSandbox implements Sandbox {
  readonly id: string;
  handle: string | undefined;
  readonly facts = { driver: "fake" };
  readonly files = new FakeFiles();
  readonly languages: ReadonlySet<Language> = new Set(["deno", "typescript", "javascript"]);
  readonly lost: Promise<SandboxLoss>;
  /** Makes it die. */
  readonly lose: (loss: SandboxLoss) => void;
  readonly spec: SandboxSpec;
  /** Programs by the code or the name they are run by; any other prints its code. */
  readonly programs: Map<string, Program>;
  /** Ports that something listens on. */
  readonly listening = new Set<number>();
  rests = 0;
  disposals = 0;
  releases = 0;
  /** What disposing waits for. */
  disposed: Promise<void> = Promise.resolve();

  constructor(id: string, spec: SandboxSpec, programs: Map<string, Program>) {
    this.id = id;
    this.handle = `handle of ${id}`;
    this.spec = spec;
    this.programs = programs;
    const { promise, resolve } = Promise.withResolvers<SandboxLoss>();
    this.lost = promise;
    this.lose = resolve;
  }

  async run(spec: RunSpec, { output, signal, started }: RunOptions): Promise<RunOutcome> {
    const name = spec.kind === "code" ? spec.code : spec.commandName;
    const program = this.programs.get(name);
    const print = (text: string) => output("stdout", encoder.encode(text));
    const complain = (text: string) => output("stderr", encoder.encode(text));
    const start = (control: Partial<ProcessControl> = {}) =>
      started?.({ ...NO_CONTROL, ...control });
    if (program !== undefined) {
      return await program({ spec, signal, output, start, print, complain });
    }
    start();
    print(`${name}\n`);
    return exit();
  }

  isListening(port: number): Promise<boolean> {
    return Promise.resolve(this.listening.has(port));
  }

  /** Tells every watch what happened. */
  readonly tell = new Set<FileEventSink>();
  /** Awaited before a directory is watched; throws what the sandbox refuses. */
  watchGate: (spec: WatchSpec) => Promise<void> | void = () => {};
  /** Ends every watch. */
  readonly endWatches: ((end: WatchEnd) => void)[] = [];

  async watch(spec: WatchSpec, onEvents: FileEventSink): Promise<SandboxWatch> {
    await this.watchGate(spec);
    this.tell.add(onEvents);
    const { promise: ended, resolve } = Promise.withResolvers<WatchEnd>();
    this.endWatches.push(resolve);
    return { notWatched: [], ended, [Symbol.dispose]: () => void this.tell.delete(onEvents) };
  }

  rest(): Promise<void> {
    this.rests++;
    return Promise.resolve();
  }

  release(): Promise<void> {
    this.releases++;
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals++;
    await this.disposed;
  }
}

/** Makes fake sandboxes. */
export class FakeRuntime implements Runtime {
  readonly name: "deno" | "docker" = "deno";
  readonly languages: ReadonlySet<Language> = new Set(["deno", "typescript", "javascript"]);
  /** Programs of every sandbox, see {@linkcode FakeSandbox.programs}. */
  readonly programs = new Map<string, Program>();
  /** Those made so far. */
  readonly sandboxes: FakeSandbox[] = [];
  /** Awaited before a sandbox is made. */
  gate: (signal: AbortSignal | undefined) => Promise<void> | void = () => {};
  /** Awaited before a sandbox is found again; throws if the engine is away. */
  adoptGate: (handle: string) => Promise<void> | void = () => {};
  /** Awaited before what nobody owns is removed. */
  sweepGate: () => Promise<void> | void = () => {};
  /** What was asked about former servers, in order. */
  readonly calls: string[] = [];
  /** Prepares a sandbox that was just made. */
  onMade: (sandbox: FakeSandbox) => void = () => {};

  async createSandbox(spec: SandboxSpec, signal?: AbortSignal): Promise<Sandbox> {
    await this.gate(signal);
    const sandbox = new FakeSandbox(`box-${this.sandboxes.length}`, spec, this.programs);
    this.sandboxes.push(sandbox);
    this.onMade(sandbox);
    return sandbox;
  }

  /** Sandboxes that were made and not disposed are found again, with their files. */
  async adopt(handle: string, spec: SandboxSpec): Promise<Sandbox | undefined> {
    this.calls.push(`adopt ${handle}`);
    await this.adoptGate(handle);
    const left = this.sandboxes.findLast((sandbox) => sandbox.handle === handle);
    if (left === undefined || left.disposals > 0) return undefined;
    const sandbox = new FakeSandbox(left.id, spec, this.programs);
    for (const [path, content] of left.files.content) sandbox.files.content.set(path, content);
    this.sandboxes.push(sandbox);
    return sandbox;
  }

  async sweep(): Promise<void> {
    this.calls.push("sweep");
    await this.sweepGate();
  }

  support(): Promise<LanguageSupport> {
    return Promise.resolve({ ready: true });
  }

  status(): Promise<RuntimeStatus> {
    return unimplemented();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return unimplemented();
  }
}
