/** A program with its arguments, ready for `Deno.Command`. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  /** The value of {@linkcode MARK_VARIABLE} in `env`, by which what it started can be found. */
  readonly mark?: string;
  /** Whether it makes namespaces of their own for what it starts. */
  readonly confined?: boolean;
  /** Where it starts; `/` if left out. */
  readonly cwd?: string;
  /** The whole environment; empty if left out. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The variable that marks a child and what it starts. */
export const MARK_VARIABLE = "CODEBEAKER_CHILD";

/** The descriptor on which {@linkcode limited} opens a file of arguments for the program. */
export const ARGS_FD = 9;

/** A value that is written to a kernel file before the program starts, such as a cgroup's limit. */
export interface KernelSetting {
  readonly path: string;
  readonly value: string;
}

/** What {@linkcode limited} sets. */
export interface ResourceLimits {
  /** Open files at the same time. */
  readonly openFiles: number;
  /** Size of one written file, in bytes. */
  readonly fileBytes: number;
  /** Private memory of one process, in bytes (`RLIMIT_DATA`); undefined leaves it unlimited. */
  readonly dataBytes?: number | undefined;
  /** Written in order by the process that becomes the program: it can so put itself into a cgroup. */
  readonly settings?: readonly KernelSetting[] | undefined;
  /** A file that the program finds open for reading at {@linkcode ARGS_FD}. */
  readonly argsFile?: string | undefined;
}

// Everything that varies is an argument, nothing is text of the script. Only settings that the system
// refuses stop the start: a program that runs without its limits would be worse.
const SCRIPT = `
ulimit -c 0; ulimit -n "$1" 2>/dev/null; ulimit -f "$2"; [ "$3" = - ] || ulimit -d "$3"
[ "$4" = - ] || exec 9< "$4"; shift 4
while [ "$1" != -- ]; do echo "$2" > "$1" || exit 125; shift 2; done; shift
exec "$@"`;

/** Wraps a command so that it starts under resource limits. */
export function limited(command: CommandLine, limits: ResourceLimits): CommandLine {
  const { openFiles, fileBytes, dataBytes, settings = [], argsFile } = limits;
  return {
    command: "/bin/sh",
    args: [
      "-c",
      SCRIPT,
      "sh",
      String(openFiles),
      String(Math.ceil(fileBytes / 512)),
      dataBytes === undefined ? "-" : String(Math.ceil(dataBytes / 1024)),
      argsFile ?? "-",
      ...settings.flatMap(({ path, value }) => [path, value]),
      "--",
      command.command,
      ...command.args,
    ],
  };
}
