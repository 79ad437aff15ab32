/** Linux, x86 and Arm (signal(7)). */
const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

/** Those that end no program, or none that we ever saw. */
const OTHERS: Readonly<Record<number, string>> = {
  16: "SIGSTKFLT",
  17: "SIGCHLD",
  18: "SIGCONT",
  19: "SIGSTOP",
  20: "SIGTSTP",
  21: "SIGTTIN",
  22: "SIGTTOU",
  23: "SIGURG",
  26: "SIGVTALRM",
  27: "SIGPROF",
  28: "SIGWINCH",
  29: "SIGIO",
  30: "SIGPWR",
};
const NUMBERS = new Map(
  Object.entries({ ...SIGNALS, ...OTHERS }).map(([number, name]) => [name, Number(number)]),
);

/** The number of a signal by its name on Linux. */
export function signalNumber(name: string): number | undefined {
  return NUMBERS.get(name);
}

/** The name of a signal by its number on Linux, such as `SIGSEGV`. */
export function signalName(number: number): string | undefined {
  return SIGNALS[number];
}
