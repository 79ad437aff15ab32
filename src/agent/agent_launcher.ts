import { LAUNCH_TOKEN } from "./inside/launch_token.ts";

/** Below the agent's sources, where the agent looks for it; has to be executable. */
export const LAUNCHER_NAME = "launch";

const BASE = 0x400000;
const HEADERS_BYTES = 64 + 56;

/** What both launchers do: argv is `launch <path> <argv[0]> <argv[1]> …`. */
const X86_64 = `
b8 70 00 00 00       | mov eax, 112          ; setsid()
0f 05                | syscall
b8 02 00 00 00       | mov eax, 2            ; open(score file, O_WRONLY | O_CLOEXEC)
48 8d 3d 8a 00 00 00 | lea rdi, [score file]
be 01 00 08 00       | mov esi, 0x80001
31 d2                | xor edx, edx
0f 05                | syscall
89 c7                | mov edi, eax          ; write(it, score, 3)
48 8d 35 91 00 00 00 | lea rsi, [score]
ba 03 00 00 00       | mov edx, 3
b8 01 00 00 00       | mov eax, 1
0f 05                | syscall
48 8b 7c 24 10       | mov rdi, [rsp+16]     ; execve(argv[1], &argv[2], environment)
48 8d 74 24 18       | lea rsi, [rsp+24]
48 8b 0c 24          | mov rcx, [rsp]
4c 8d 64 cc 10       | lea r12, [rsp+rcx*8+16]
4c 89 e2             | mov rdx, r12
b8 3b 00 00 00       | mov eax, 59
0f 05                | syscall
83 f8 f8             | cmp eax, -ENOEXEC
75 25                | jne failed
48 8b 4c 24 10       | mov rcx, [rsp+16]     ; a script without #!: argv[2] = argv[1]
48 89 4c 24 18       | mov [rsp+24], rcx
48 8d 3d 55 00 00 00 | lea rdi, [shell]      ; argv[1] = shell
48 89 7c 24 10       | mov [rsp+16], rdi
48 8d 74 24 10       | lea rsi, [rsp+16]     ; execve(shell, &argv[1], environment)
4c 89 e2             | mov rdx, r12
b8 3b 00 00 00       | mov eax, 59
0f 05                | syscall
89 c3                | failed: mov ebx, eax
f7 db                | neg ebx
b8 01 00 00 00       | mov eax, 1            ; write(2, token, 16)
bf 02 00 00 00       | mov edi, 2
48 8d 35 34 00 00 00 | lea rsi, [token]
ba 10 00 00 00       | mov edx, 16
0f 05                | syscall
89 df                | mov edi, ebx          ; exit_group(errno)
b8 e7 00 00 00       | mov eax, 231
0f 05                | syscall
`;

const AARCH64 = `
a8 13 80 d2 | mov x8, #157         ; setsid()
01 00 00 d4 | svc #0
60 0c 80 92 | mov x0, #-100        ; openat(AT_FDCWD, score file, O_WRONLY | O_CLOEXEC)
c1 04 00 10 | adr x1, score file
22 00 80 d2 | mov x2, #1
02 01 a0 f2 | movk x2, #8, lsl #16
03 00 80 d2 | mov x3, #0
08 07 80 d2 | mov x8, #56
01 00 00 d4 | svc #0
c1 04 00 30 | adr x1, score        ; write(it, score, 3)
62 00 80 d2 | mov x2, #3
08 08 80 d2 | mov x8, #64
01 00 00 d4 | svc #0
ea 03 00 91 | mov x10, sp          ; execve(argv[1], &argv[2], environment)
49 01 40 f9 | ldr x9, [x10]
4b 0d 09 8b | add x11, x10, x9, lsl #3
74 41 00 91 | add x20, x11, #16
40 09 40 f9 | ldr x0, [x10, #16]
41 61 00 91 | add x1, x10, #24
e2 03 14 aa | mov x2, x20
a8 1b 80 d2 | mov x8, #221
01 00 00 d4 | svc #0
1f 20 00 b1 | cmn x0, #ENOEXEC
21 01 00 54 | b.ne failed
49 09 40 f9 | ldr x9, [x10, #16]   ; a script without #!: argv[2] = argv[1]
49 0d 00 f9 | str x9, [x10, #24]
c0 02 00 10 | adr x0, shell        ; argv[1] = shell
40 09 00 f9 | str x0, [x10, #16]
41 41 00 91 | add x1, x10, #16     ; execve(shell, &argv[1], environment)
e2 03 14 aa | mov x2, x20
a8 1b 80 d2 | mov x8, #221
01 00 00 d4 | svc #0
f3 03 00 cb | failed: neg x19, x0
40 00 80 d2 | mov x0, #2           ; write(2, token, 16)
01 02 00 10 | adr x1, token
02 02 80 d2 | mov x2, #16
08 08 80 d2 | mov x8, #64
01 00 00 d4 | svc #0
e0 03 13 aa | mov x0, x19          ; exit_group(errno)
c8 0b 80 d2 | mov x8, #94
01 00 00 d4 | svc #0
`;

/** What the code refers to, in this order behind it: the score file, the score, the shell, the token. */
const DATA = `/proc/self/oom_score_adj\x00500/bin/sh\0${LAUNCH_TOKEN}`;

const MACHINES: Readonly<Record<string, { readonly number: number; readonly code: string }>> = {
  "x86_64": { number: 62, code: X86_64 },
  amd64: { number: 62, code: X86_64 },
  aarch64: { number: 183, code: AARCH64 },
  arm64: { number: 183, code: AARCH64 },
};

/**
 * A program of some 330 bytes that gives a program a session of its own and takes its place. Without it
 * the agent has to make a copy of itself for every program, because only a copy can begin a session, and
 * that alone takes as long as all the rest of a short command. Undefined for an unknown machine: the agent
 * does without.
 *
 * @param arch the engine's kind of machine, such as `x86_64`
 */
export function agentLauncher(arch: string): Uint8Array<ArrayBuffer> | undefined {
  const machine = MACHINES[arch];
  if (machine === undefined) return undefined;
  const data = new TextEncoder().encode(DATA);
  const code = assemble(machine.code);
  const size = HEADERS_BYTES + code.length + data.length;
  const file = new Uint8Array(size);
  writeHeaders(new DataView(file.buffer), machine.number, size);
  file.set(code, HEADERS_BYTES);
  file.set(data, HEADERS_BYTES + code.length);
  return file;
}

/** The bytes on the left of each line. */
function assemble(listing: string): Uint8Array {
  const hex = listing.split("\n").map((line) => line.split("|", 1)[0]).join("");
  return Uint8Array.fromHex(hex.replaceAll(" ", ""));
}

/** An ELF header and the one segment that holds the whole file, to be read and run but not written. */
function writeHeaders(view: DataView, machine: number, size: number): void {
  const put16 = (at: number, value: number) => view.setUint16(at, value, true);
  const put32 = (at: number, value: number) => view.setUint32(at, value, true);
  const put64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  view.setUint32(0, 0x7f454c46); // \x7fELF
  view.setUint32(4, 0x02010100); // 64 bits, little-endian, version 1
  put16(16, 2); // a program at a fixed place
  put16(18, machine);
  put32(20, 1);
  put64(24, BASE + HEADERS_BYTES); // where it begins
  put64(32, 64); // where the segments are listed
  put16(52, 64);
  put16(54, 56);
  put16(56, 1);
  put32(64, 1); // to be loaded
  put32(68, 5); // read and run
  put64(80, BASE);
  put64(88, BASE);
  put64(96, size);
  put64(104, size);
  put64(112, 0x1000);
}
