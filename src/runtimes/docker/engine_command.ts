import type { Program } from "./container_io.ts";
import { BOOT_SCRIPT, PROGRAM_SCRIPT } from "./engine_program_script.ts";

/** How {@linkcode programCommand} marks a program. */
export interface ProgramMarks {
  /** What our words in its output begin with. */
  readonly token: string;
  /** Bytes of the limit by which its processes are known. */
  readonly mark: number;
}

/** The kernel takes 128 KiB an argument; a character is at most 3 bytes. */
const PIECE_CHARACTERS = 40_000;
const MAX_SCRIPT_CHARACTERS = 400_000;
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Makes a token that no program writes by chance. */
export function makeToken(): string {
  return `\x1e${crypto.getRandomValues(new Uint8Array(16)).toHex()}`;
}

/** Whether a script can be given as arguments. Others are written as any file is. */
export function fitsCommand(script: string): boolean {
  return script.length <= MAX_SCRIPT_CHARACTERS && !script.includes("\0");
}

/** Whether a program is given standard input. */
export function hasInput({ stdin, keepStdin = false }: Program): boolean {
  return stdin !== undefined || keepStdin;
}

/** The command that runs a program and reports on it, for {@linkcode PROGRAM_SCRIPT}. */
export function programCommand(program: Program, { token, mark }: ProgramMarks): string[] {
  const { argv: [name], cwd, env, remove = [], script } = program;
  const half = token.length / 2;
  const inPlace = script !== undefined && fitsCommand(script.content) ? script : undefined;
  const pieces = inPlace === undefined ? [] : splitScript(inPlace.content);
  return [
    "/bin/sh",
    "-c",
    BOOT_SCRIPT,
    PROGRAM_SCRIPT,
    token.slice(0, half),
    token.slice(half),
    `${mark / 1024}`,
    cwd,
    env["PATH"] ?? DEFAULT_PATH,
    name,
    hasInput(program) ? "yes" : "no",
    program.background === true ? "yes" : "no",
    `${remove.length}`,
    ...remove,
    inPlace?.path ?? "",
    `${pieces.length}`,
    ...pieces,
    "--",
    ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
    // "env" would take a program with such a name for a variable.
    ...(name.includes("=") ? ["/bin/sh", "-c", 'exec "$0" "$@"'] : []),
    ...program.argv,
  ];
}

function splitScript(content: string): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < content.length;) {
    let end = Math.min(at + PIECE_CHARACTERS, content.length);
    // Halves of a surrogate pair would each become another character.
    if (isHighSurrogate(content.charCodeAt(end - 1)) && end < content.length) end++;
    pieces.push(content.slice(at, end));
    at = end;
  }
  return pieces;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code < 0xdc00;
}
