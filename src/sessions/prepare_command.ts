import { InvalidParamsError } from "../errors.ts";
import type { Command } from "../protocol/commands.ts";
import type { Language } from "../protocol/language.ts";
import type { RunSpec } from "../runtimes/runtime.ts";
import { assertSize, decodeContent, type ParamsPath, utf8Length } from "./content.ts";
import type { SessionLimits } from "./session_limits.ts";

/** A command that runs a program. */
export type ProgramCommand = Extract<Command, { type: "execute_code" | "execute_shell" }>;
/** A command that only touches files. */
export type FileCommand = Exclude<Command, ProgramCommand>;

/** A command that has passed every check that takes no sandbox. */
export type PreparedCommand =
  & {
    readonly type: Command["type"];
    /** About how many bytes it holds while it waits. */
    readonly bytes: number;
  }
  & (
    | { readonly kind: "program"; readonly spec: RunSpec }
    | {
      readonly kind: "file";
      /** The command; the content of `write_file` is in `content` instead. */
      readonly command: FileCommand;
      readonly content: Uint8Array<ArrayBuffer>;
    }
  );

/** What a command is checked against. */
export interface CommandContext {
  readonly limits: Pick<SessionLimits, "maxCodeBytes" | "maxFileBytes">;
  /** The session's language. */
  readonly language: Language;
  /** Languages that its sandbox takes as code. */
  readonly languages: ReadonlySet<Language>;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Checks a command and decodes what it carries. Throws a `SandboxError` of code `too_large` or an
 * `InvalidParamsError`.
 */
export function prepareCommand(command: Command, context: CommandContext): PreparedCommand {
  switch (command.type) {
    case "execute_code":
    case "execute_shell":
      return prepareProgram(command, context);
    case "write_file": {
      const { limits, path } = context;
      const isText = command.encoding === "utf8";
      const length = isText ? utf8Length(command.content) : base64Length(command.content);
      assertSize(`Content of "${command.path}"`, length, limits, "maxFileBytes");
      const content = decodeContent(command.content, command.encoding, [...path, "content"]);
      const kept = { ...command, content: "" };
      return { kind: "file", type: command.type, command: kept, content, bytes: content.length };
    }
    default:
      return { kind: "file", type: command.type, command, content: NO_BYTES, bytes: 0 };
  }
}

/** Checks the size of code. Throws a `SandboxError` of code `too_large`. */
export function checkCode(code: string, limits: CommandContext["limits"]): void {
  assertSize("Code", utf8Length(code), limits, "maxCodeBytes");
}

function prepareProgram(command: ProgramCommand, context: CommandContext): PreparedCommand {
  const { limits, path } = context;
  const { stdin, args, env, type } = command;
  if (stdin !== undefined) assertSize("stdin", utf8Length(stdin), limits, "maxFileBytes");
  const shared = { stdin, args, env };
  const stdinLength = stdin?.length ?? 0;
  if (command.type === "execute_shell") {
    const { commandName, workingDirectory } = command;
    const spec = { kind: "shell" as const, commandName, workingDirectory, ...shared };
    return { kind: "program", type, spec, bytes: stdinLength };
  }
  const { code, language = context.language } = command;
  checkCode(code, limits);
  if (!context.languages.has(language)) {
    const known = [...context.languages].join(", ");
    const message = `This session does not run ${language}, expected one of ${known}`;
    throw new InvalidParamsError([{ path: [...path, "language"], message }]);
  }
  const spec = { kind: "code" as const, code, language, ...shared };
  return { kind: "program", type, spec, bytes: code.length + stdinLength };
}

/** The number of bytes that base64 text stands for, or a little more. */
function base64Length(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return Math.floor(text.length * 3 / 4) - padding;
}
