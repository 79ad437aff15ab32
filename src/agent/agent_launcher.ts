import { LAUNCH_TOKEN } from "./inside/launch_token.ts";

/** Below the agent's sources, where the agent looks for it; has to be executable. */
export const LAUNCHER_NAME = "launch";

const BASE = 0x400000;
const HEADERS_BYTES = 64 + 56;

/**
 * What both launchers do: argv is `launch <terminal> <path> <argv[0]> <argv[1]> …`. If the terminal is not
 * empty, the program has it as its streams. It is opened by a session that has none, so that the kernel
 * makes it the controlling one.
 */
const X86_64 = `
b8 70 00 00 00       | mov eax, 112          ; setsid()
0f 05                | syscall
b8 02 00 00 00       | mov eax, 2            ; open(score file, O_WRONLY | O_CLOEXEC)
48 8d 3d e9 00 00 00 | lea rdi, [score file]
be 01 00 08 00       | mov esi, 0x80001
31 d2                | xor edx, edx
0f 05                | syscall
89 c7                | mov edi, eax          ; write(it, score, 3)
48 8d 35 f0 00 00 00 | lea rsi, [score]
ba 03 00 00 00       | mov edx, 3
b8 01 00 00 00       | mov eax, 1
0f 05                | syscall
41 bd 02 00 00 00    | mov r13d, 2           ; where failure is told
48 8b 5c 24 10       | mov rbx, [rsp+16]     ; is argv[1] empty?
80 3b 00             | cmp byte [rbx], 0
74 51                | je program
bf 02 00 00 00       | mov edi, 2            ; r13d = fcntl(2, F_DUPFD_CLOEXEC, 3)
be 06 04 00 00       | mov esi, 1030
ba 03 00 00 00       | mov edx, 3
b8 48 00 00 00       | mov eax, 72
0f 05                | syscall
41 89 c5             | mov r13d, eax
48 89 df             | mov rdi, rbx          ; open(argv[1], O_RDWR | O_CLOEXEC)
be 02 00 08 00       | mov esi, 0x80002
31 d2                | xor edx, edx
b8 02 00 00 00       | mov eax, 2
0f 05                | syscall
85 c0                | test eax, eax
78 6a                | js failed
89 c7                | mov edi, eax          ; dup2(it, 0)
31 f6                | xor esi, esi
b8 21 00 00 00       | mov eax, 33
0f 05                | syscall
be 01 00 00 00       | mov esi, 1            ; dup2(it, 1)
b8 21 00 00 00       | mov eax, 33
0f 05                | syscall
be 02 00 00 00       | mov esi, 2            ; dup2(it, 2)
b8 21 00 00 00       | mov eax, 33
0f 05                | syscall
48 8b 7c 24 18       | program: mov rdi, [rsp+24] ; execve(argv[2], &argv[3], environment)
48 8d 74 24 20       | lea rsi, [rsp+32]
48 8b 0c 24          | mov rcx, [rsp]
4c 8d 64 cc 10       | lea r12, [rsp+rcx*8+16]
4c 89 e2             | mov rdx, r12
b8 3b 00 00 00       | mov eax, 59
0f 05                | syscall
83 f8 f8             | cmp eax, -ENOEXEC
75 25                | jne failed
48 8b 4c 24 18       | mov rcx, [rsp+24]     ; a script without #!: argv[3] = argv[2]
48 89 4c 24 20       | mov [rsp+32], rcx
48 8d 3d 53 00 00 00 | lea rdi, [shell]      ; argv[2] = shell
48 89 7c 24 18       | mov [rsp+24], rdi
48 8d 74 24 18       | lea rsi, [rsp+24]     ; execve(shell, &argv[2], environment)
4c 89 e2             | mov rdx, r12
b8 3b 00 00 00       | mov eax, 59
0f 05                | syscall
89 c3                | failed: mov ebx, eax
f7 db                | neg ebx
b8 01 00 00 00       | mov eax, 1            ; write(r13d, token, 16)
44 89 ef             | mov edi, r13d
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
61 08 00 10 | adr x1, score file
22 00 80 d2 | mov x2, #1
02 01 a0 f2 | movk x2, #8, lsl #16
03 00 80 d2 | mov x3, #0
08 07 80 d2 | mov x8, #56
01 00 00 d4 | svc #0
61 08 00 30 | adr x1, score        ; write(it, score, 3)
62 00 80 d2 | mov x2, #3
08 08 80 d2 | mov x8, #64
01 00 00 d4 | svc #0
ea 03 00 91 | mov x10, sp
55 00 80 d2 | mov x21, #2          ; where failure is told
53 09 40 f9 | ldr x19, [x10, #16]  ; is argv[1] empty?
69 02 40 39 | ldrb w9, [x19]
49 03 00 34 | cbz w9, program
40 00 80 d2 | mov x0, #2           ; x21 = fcntl(2, F_DUPFD_CLOEXEC, 3)
c1 80 80 d2 | mov x1, #1030
62 00 80 d2 | mov x2, #3
28 03 80 d2 | mov x8, #25
01 00 00 d4 | svc #0
f5 03 00 aa | mov x21, x0
60 0c 80 92 | mov x0, #-100        ; openat(AT_FDCWD, argv[1], O_RDWR | O_CLOEXEC)
e1 03 13 aa | mov x1, x19
42 00 80 d2 | mov x2, #2
02 01 a0 f2 | movk x2, #8, lsl #16
03 00 80 d2 | mov x3, #0
08 07 80 d2 | mov x8, #56
01 00 00 d4 | svc #0
c0 03 f8 b7 | tbnz x0, #63, failed
f3 03 00 aa | mov x19, x0          ; dup3(it, 0, 0)
01 00 80 d2 | mov x1, #0
02 00 80 d2 | mov x2, #0
08 03 80 d2 | mov x8, #24
01 00 00 d4 | svc #0
e0 03 13 aa | mov x0, x19          ; dup3(it, 1, 0)
21 00 80 d2 | mov x1, #1
01 00 00 d4 | svc #0
e0 03 13 aa | mov x0, x19          ; dup3(it, 2, 0)
41 00 80 d2 | mov x1, #2
01 00 00 d4 | svc #0
49 01 40 f9 | program: ldr x9, [x10] ; execve(argv[2], &argv[3], environment)
4b 0d 09 8b | add x11, x10, x9, lsl #3
74 41 00 91 | add x20, x11, #16
40 0d 40 f9 | ldr x0, [x10, #24]
41 81 00 91 | add x1, x10, #32
e2 03 14 aa | mov x2, x20
a8 1b 80 d2 | mov x8, #221
01 00 00 d4 | svc #0
1f 20 00 b1 | cmn x0, #ENOEXEC
21 01 00 54 | b.ne failed
49 0d 40 f9 | ldr x9, [x10, #24]   ; a script without #!: argv[3] = argv[2]
49 11 00 f9 | str x9, [x10, #32]
c0 02 00 10 | adr x0, shell        ; argv[2] = shell
40 0d 00 f9 | str x0, [x10, #24]
41 61 00 91 | add x1, x10, #24     ; execve(shell, &argv[2], environment)
e2 03 14 aa | mov x2, x20
a8 1b 80 d2 | mov x8, #221
01 00 00 d4 | svc #0
f3 03 00 cb | failed: neg x19, x0
e0 03 15 aa | mov x0, x21          ; write(x21, token, 16)
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
 * A program of some 430 bytes that gives a program a session of its own, and a terminal if it is to have
 * one, and takes its place. Without it the agent has to make a copy of itself for every program, because
 * only a copy can begin a session, and that alone takes as long as all the rest of a short command.
 * Undefined for an unknown machine: the agent does without, and there are no terminals.
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
