import { InvalidParamsError } from "../errors.ts";
import type { Command, SingleCommand } from "../protocol/commands.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import { DEFAULT_TERMINAL } from "../protocol/terminal.ts";
import type { RunSpec } from "../runtimes/runtime.ts";
import type { Context } from "./contexts/context.ts";
import type { SessionContexts } from "./contexts/session_contexts.ts";
import { assertSize, decodeContent, type ParamsPath, utf8Length } from "./content.ts";
import { prepareInstall } from "./prepare_packages.ts";
import { compileGlob, compilePattern, ExpressionError } from "./search_expression.ts";
import type { SessionShells } from "./shells/session_shells.ts";
import type { SessionLimits } from "./session_limits.ts";

/** A command that runs a program. */
export type ProgramCommand = Extract<
  SingleCommand,
  { type: "execute_code" | "execute_shell" | "install_packages" | "shell_command" }
>;
/** A command that only touches files. */
export type FileCommand = Exclude<SingleCommand, ProgramCommand>;

interface Prepared {
  /** About how many bytes it holds while it waits. */
  readonly bytes: number;
  /** Whether it counts among the programs that run at the same time. */
  readonly takesSlot: boolean;
  /** Milliseconds that it may take if its client does not say; by default as its kind has it. */
  readonly timeoutMs?: number | undefined;
}

/** A program to run. */
export interface PreparedProgram extends Prepared {
  readonly kind: "program";
  readonly type: SingleCommand["type"];
  readonly spec: RunSpec;
  /** What its result tells besides. */
  readonly extra?: { readonly packages: string[] };
}

/** Code to run as a cell of a context. */
export interface PreparedCell extends Prepared {
  readonly kind: "cell";
  readonly type: "execute_code" | "shell_command";
  readonly context: Context;
  readonly code: string;
  readonly env: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | undefined;
  /** Whether it is a command of a shell. */
  readonly isShell?: boolean;
}

/** A command on files. */
export interface PreparedFile extends Prepared {
  readonly kind: "file";
  readonly type: SingleCommand["type"];
  /** The command; its long text is in `content` instead. */
  readonly command: FileCommand;
  readonly content: Uint8Array<ArrayBuffer>;
  readonly maxFileBytes: number;
}

/** A command that this session cannot do. */
export interface PreparedRefusal extends Prepared {
  readonly kind: "refused";
  readonly type: SingleCommand["type"];
  /** Why, and what would do. */
  readonly message: string;
}

/** Any command but a batch. */
export type PreparedSingle = PreparedProgram | PreparedCell | PreparedFile | PreparedRefusal;

/** Commands to run one after the other. */
export interface PreparedBatch extends Prepared {
  readonly kind: "batch";
  readonly type: "batch";
  readonly commands: readonly PreparedSingle[];
  readonly stopOnError: boolean;
  readonly limits: Pick<SessionLimits, "maxFileBytes" | "maxOutputBytes">;
}

/** A command that has passed every check that takes no sandbox. */
export type PreparedCommand = PreparedSingle | PreparedBatch;

/** What a command is checked against. */
export interface CommandContext {
  readonly limits: Pick<SessionLimits, "maxCodeBytes" | "maxFileBytes" | "maxOutputBytes">;
  /** The session's language. */
  readonly language: Language;
  /** Languages that its sandbox takes as code. */
  readonly languages: ReadonlySet<Language>;
  readonly runtime: RuntimeName;
  /** Whether its code may reach the network. */
  readonly network: boolean;
  /** What cells run in. */
  readonly contexts: Pick<SessionContexts, "resolve">;
  readonly shells: Pick<SessionShells, "resolve">;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
}

const NO_BYTES = new Uint8Array(0);
/** Milliseconds that installing may take, which is mostly waiting for other machines. */
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Checks a command and decodes what it carries. Throws a `SandboxError` of code `too_large` or an
 * `InvalidParamsError`.
 */
export function prepareCommand(command: Command, context: CommandContext): PreparedCommand {
  if (command.type !== "batch") return prepareSingle(command, context);
  const commands = command.commands.map((single, index) => {
    const path = [...context.path, "commands", index];
    refuseBackground(single, path);
    return prepareSingle(single, { ...context, path });
  });
  const timeouts = commands.flatMap(({ timeoutMs }) => timeoutMs ?? []);
  return {
    kind: "batch",
    type: "batch",
    commands,
    stopOnError: command.stopOnError,
    limits: context.limits,
    bytes: commands.reduce((sum, { bytes }) => sum + bytes, 0),
    takesSlot: commands.some(({ takesSlot }) => takesSlot),
    ...(timeouts.length > 0 && { timeoutMs: Math.max(...timeouts) }),
  };
}

/** Whether a command may write output. */
export function writesOutput(command: PreparedCommand): boolean {
  return command.kind === "batch"
    ? command.commands.some(writesOutput)
    : command.kind === "program" || command.kind === "cell";
}

/** Checks the size of code. Throws a `SandboxError` of code `too_large`. */
export function checkCode(code: string, limits: Pick<SessionLimits, "maxCodeBytes">): void {
  assertSize("Code", utf8Length(code), limits, "maxCodeBytes");
}

/** A process in the background is an execution of its own, which a command of a batch is not. */
function refuseBackground(command: SingleCommand, path: ParamsPath): void {
  if (command.type !== "execute_shell" || !command.background) return;
  const message = "A program of a batch cannot run in the background, send it by itself";
  throw new InvalidParamsError([{ path: [...path, "background"], message }]);
}

function prepareSingle(command: SingleCommand, context: CommandContext): PreparedSingle {
  switch (command.type) {
    case "execute_code":
    case "execute_shell":
      return prepareProgram(command, context);
    case "shell_command": {
      const { type, shell, command: code, env, stdin = "" } = command;
      checkCode(code, context.limits);
      assertSize("stdin", utf8Length(stdin), context.limits, "maxFileBytes");
      const bytes = code.length + stdin.length;
      const shared = { code, env, stdin, bytes, takesSlot: true, isShell: true };
      return { kind: "cell", type, context: context.shells.resolve(shell), ...shared };
    }
    case "install_packages": {
      const { type, packages } = command;
      const plan = prepareInstall(command, context);
      if (plan.kind === "refused") return { ...plan, type, bytes: 0, takesSlot: false };
      const timeoutMs = INSTALL_TIMEOUT_MS;
      return { ...plan, type, extra: { packages }, bytes: 0, takesSlot: true, timeoutMs };
    }
    case "write_file": {
      const { limits, path } = context;
      const isText = command.encoding === "utf8";
      const length = isText ? utf8Length(command.content) : base64Length(command.content);
      assertSize(`Content of "${command.path}"`, length, limits, "maxFileBytes");
      const content = decodeContent(command.content, command.encoding, [...path, "content"]);
      return fileCommand({ ...command, content: "" }, context, content);
    }
    case "replace_in_file": {
      const { limits, path } = context;
      assertSize("newText", utf8Length(command.newText), limits, "maxFileBytes");
      decodeContent(command.oldText, "utf8", [...path, "oldText"]);
      const content = decodeContent(command.newText, "utf8", [...path, "newText"]);
      return fileCommand({ ...command, newText: "" }, context, content);
    }
    case "search_files":
      checkExpression(command.glob, compileGlob, [...context.path, "glob"]);
      checkExpression(command.pattern, compilePattern, [...context.path, "pattern"]);
      return { ...fileCommand(command, context), takesSlot: command.pattern !== undefined };
    default:
      return fileCommand(command, context);
  }
}

function fileCommand(
  command: FileCommand,
  { limits }: CommandContext,
  content: Uint8Array<ArrayBuffer> = NO_BYTES,
): PreparedFile {
  return {
    kind: "file",
    type: command.type,
    command,
    content,
    maxFileBytes: limits.maxFileBytes,
    bytes: content.length,
    takesSlot: false,
  };
}

function prepareProgram(
  command: Exclude<ProgramCommand, { type: "install_packages" | "shell_command" }>,
  context: CommandContext,
): PreparedProgram | PreparedCell {
  const { limits, path } = context;
  const { stdin, args, env, type } = command;
  if (stdin !== undefined) assertSize("stdin", utf8Length(stdin), limits, "maxFileBytes");
  const shared = { stdin, args, env };
  const stdinLength = stdin?.length ?? 0;
  if (command.type === "execute_shell") {
    const { commandName, workingDirectory, background = false } = command;
    const { pty, cols = DEFAULT_TERMINAL.cols, rows = DEFAULT_TERMINAL.rows } = command;
    const terminal = pty === true ? { terminal: { cols, rows } } : {};
    // What is given at once is all of the input, as it is in the foreground.
    const live = background ? { background, keepStdin: stdin === undefined } : {};
    const program = { commandName, workingDirectory, ...shared };
    const spec = { kind: "shell" as const, ...program, ...live, ...terminal };
    return { kind: "program", type, spec, bytes: stdinLength, takesSlot: true };
  }
  const { code, language = context.language } = command;
  checkCode(code, limits);
  if (command.context !== undefined) {
    const cell = context.contexts.resolve(command.context, command.language, path);
    const shared = { code, env, bytes: code.length, takesSlot: true };
    return { kind: "cell", type: "execute_code", context: cell, ...shared };
  }
  if (!context.languages.has(language)) {
    const known = [...context.languages].join(", ");
    const message = `This session does not run ${language}, expected one of ${known}`;
    throw new InvalidParamsError([{ path: [...path, "language"], message }]);
  }
  const spec = { kind: "code" as const, code, language, ...shared };
  return { kind: "program", type, spec, bytes: code.length + stdinLength, takesSlot: true };
}

/** Throws `InvalidParamsError` if there is an expression and it is none. */
function checkExpression(
  text: string | undefined,
  compile: (text: string, ignoreCase: boolean) => unknown,
  path: ParamsPath,
): void {
  if (text === undefined) return;
  try {
    compile(text, false);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new InvalidParamsError([{ path: [...path], message: error.message }], { cause: error });
  }
}

/** The number of bytes that base64 text stands for, or a little more. */
function base64Length(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.floor(text.length * 3 / 4) - padding;
}
