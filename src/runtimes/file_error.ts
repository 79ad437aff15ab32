import { CommandError, SandboxError } from "../errors.ts";

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "File not found",
  ENOTDIR: "Not a directory",
  EISDIR: "Is a directory",
  EEXIST: "Already exists",
  ENOTEMPTY: "Directory is not empty",
  EACCES: "Permission denied",
  EPERM: "Permission denied",
  EROFS: "Permission denied",
  ELOOP: "Symbolic link is in the way",
  ENAMETOOLONG: "Name is too long",
  ENOSPC: "No space left for",
  EDQUOT: "No space left for",
  EFBIG: "No space left for",
  EINVAL: "Not possible for this path",
  EXDEV: "Not possible for this path",
  EBUSY: "In use",
  ENXIO: "Not a regular file",
};

/**
 * The sentence for a file operation that the system refused, with the client's path as asked and no path
 * of the host; undefined for a code that no client can cause.
 */
export function fileError(
  code: string | undefined,
  path: string,
  options?: ErrorOptions,
): CommandError | undefined {
  const words = code === undefined ? undefined : WORDS[code];
  return words === undefined
    ? undefined
    : new CommandError(`${words}: ${path}`, { ...options, reason: code });
}

/** The refusals of file operations that are not the system's; both runtimes use the same sentences. */
export const FILE_REFUSALS = {
  outside: (path: string) => `Path is outside /workspace: ${path}`,
  isDirectory: (path: string) => `Is a directory: ${path}`,
  notRegular: (path: string) => `Not a regular file: ${path}`,
  notEmpty: (path: string) => `Directory is not empty: ${path}, delete it with "recursive": true`,
  workspaceMode: (path: string) => `Cannot set the permissions of the workspace itself: ${path}`,
  workspaceItself: (path: string) => `Cannot replace the workspace itself: ${path}`,
  overFile: (path: string) => `Cannot create a directory over a file: ${path}`,
  changed: (path: string) => `Changed meanwhile: ${path}`,
} as const;

/** The error of one of {@linkcode FILE_REFUSALS}, with a word for it. */
export function refusal(kind: keyof typeof FILE_REFUSALS, path: string): CommandError {
  return new CommandError(FILE_REFUSALS[kind](path), { reason: REASONS[kind] });
}

const REASONS: Readonly<Record<keyof typeof FILE_REFUSALS, string>> = {
  outside: "OUTSIDE",
  isDirectory: "EISDIR",
  notRegular: "NOT_REGULAR",
  notEmpty: "ENOTEMPTY",
  workspaceMode: "WORKSPACE",
  workspaceItself: "WORKSPACE",
  overFile: "ENOTDIR",
  changed: "CHANGED",
};

/** The error of more data than is written or read in one piece. */
export function tooLarge(path: string, bytes: number, limit: number): SandboxError {
  return new SandboxError(
    "too_large",
    `File is too large: ${path} has ${bytes} bytes, at most ${limit} are allowed at once`,
    { data: { limit, size: bytes } },
  );
}
