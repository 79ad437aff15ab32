/** Prints the kernel's tables of TCP connections; a container need not have the second. */
export const LISTENING_PROGRAM = ["cat", "/proc/net/tcp", "/proc/net/tcp6"] as const;

/** The state of a socket that listens. */
const LISTEN = "0A";
const LINE_REGEXP = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) /;

/** Whether one of the sockets in the kernel's tables listens on a port. */
export function listensOn(table: string, port: number): boolean {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").some((line) => {
    const match = LINE_REGEXP.exec(line);
    return match !== null && match[1] === wanted && match[2] === LISTEN;
  });
}
