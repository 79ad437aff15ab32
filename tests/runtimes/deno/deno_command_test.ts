import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Grants } from "../../../src/runtimes/deno/permissions.ts";
import { checkDenoCommand } from "../../../src/runtimes/deno/deno_command.ts";

const GRANTS: Grants = {
  read: ["/workspace"],
  write: ["/workspace/out"],
  net: ["api.example.com:443"],
  denyNet: [],
  env: ["TOKEN"],
  run: [],
};
const CONFINED = { confined: true, grants: GRANTS };

Deno.test("checkDenoCommand() lets through what works on the session's files", () => {
  const cases: [args: string[], passed: string[]][] = [
    [["run", "main.ts"], ["run", "main.ts"]],
    [["run", "--quiet", "a.ts", "--allow-all", "-A"], [
      "run",
      "--quiet",
      "a.ts",
      "--allow-all",
      "-A",
    ]],
    [["run", "--deny-net", "/workspace/a.ts"], ["run", "--deny-net", "/workspace/a.ts"]],
    [["main.ts", "-A"], ["run", "main.ts", "-A"]],
    [["run", "--allow-read", "-W", "a.ts"], ["run", "a.ts"]],
    [["run", "--allow-read=/workspace/x,y", "--allow-env=TOKEN", "a.ts"], ["run", "a.ts"]],
    [["run", "--allow-net=api.example.com:443", "a.ts"], ["run", "a.ts"]],
    [["test"], ["test", "."]],
    [["test", "--", "-A"], ["test", ".", "--", "-A"]],
    [["test", "--filter=x", "a_test.ts"], ["test", "--filter=x", "a_test.ts"]],
    [["test", "a_test.ts", "--", "-A"], ["test", "a_test.ts", "--", "-A"]],
    [["check", "a.ts", "b.ts"], ["check", "a.ts", "b.ts"]],
    [["fmt", "--check"], ["fmt", "--check", "."]],
    [["lint"], ["lint", "."]],
    [["--version"], ["--version"]],
  ];
  for (const [args, passed] of cases) {
    const command = checkDenoCommand(args, "/workspace", CONFINED);
    assert(command.ok, JSON.stringify(command));
    assertEquals(command.args, passed);
  }
});

Deno.test("checkDenoCommand() refuses what would widen permissions or leave the workspace", () => {
  const cases: [args: string[], index: number, text: string][] = [
    [["run", "-A", "a.ts"], 1, "permissions"],
    [["run", "--allow-all", "a.ts"], 1, "permissions"],
    [["run", "--allow-read=/", "a.ts"], 1, "permissions"],
    [["run", "-RWN", "a.ts"], 1, "permissions"],
    [["run", "--allow-write=/workspace", "a.ts"], 1, "permissions"],
    [["run", "--allow-net=api.example.com", "a.ts"], 1, "permissions"],
    [["run", "--allow-env=TOKEN,HOME", "a.ts"], 1, "permissions"],
    [["run", "--allow-run", "a.ts"], 1, "permissions"],
    [["run", "--allow-ffi", "a.ts"], 1, "permissions"],
    [["-A", "a.ts"], 0, "not available"],
    [["run", "-P=x", "a.ts"], 1, "permissions"],
    [["run", "--permission-set=x", "a.ts"], 1, "permissions"],
    [["run", "--config=x.json", "a.ts"], 1, "not available"],
    [["run", "--import-map=x.json", "a.ts"], 1, "not available"],
    [["run", "--preload=x.ts", "a.ts"], 1, "not available"],
    [["run", "--v8-flags=--x", "a.ts"], 1, "not available"],
    [["run", "--env-file=/etc/passwd", "a.ts"], 1, "not available"],
    [["run", "--inspect", "a.ts"], 1, "not available"],
    [["run", "https://example.com/x.ts"], 1, "not a file"],
    [["run", "npm:cowsay"], 1, "not a file"],
    [["run", "file:///etc/passwd"], 1, "not a file"],
    [["run", "-"], 1, "not a file"],
    [["run", "../x.ts"], 1, "outside /workspace"],
    [["run", "/etc/passwd"], 1, "outside /workspace"],
    [["run"], 1, "Expected a file"],
    [["test", "-A"], 1, "permissions"],
    [["fmt", "/"], 1, "outside /workspace"],
    [["eval", "1"], 0, "execute_code"],
    [["task", "x"], 0, "not available"],
    [["install"], 0, "not available"],
    [["toString"], 0, "not available"],
    [[], 0, "not available"],
  ];
  for (const [args, index, text] of cases) {
    const command = checkDenoCommand(args, "/workspace", CONFINED);
    assert(!command.ok, `accepted ${args.join(" ")}`);
    assertEquals(command.issue.path, ["command", "args", index]);
    assertStringIncludes(command.issue.message, text);
  }
});

Deno.test("checkDenoCommand() resolves files from the working directory", () => {
  assert(checkDenoCommand(["run", "../a.ts"], "/workspace/sub", CONFINED).ok);
  assert(!checkDenoCommand(["run", "../../a.ts"], "/workspace/sub", CONFINED).ok);
});

Deno.test("checkDenoCommand() keeps what permissions do not bind for outer sandboxes", () => {
  for (const name of ["fmt", "lint", "check"]) {
    const command = checkDenoCommand([name], "/workspace", { confined: false, grants: GRANTS });
    assert(!command.ok);
    assertStringIncludes(command.issue.message, "outer sandbox");
  }
  assert(checkDenoCommand(["test"], "/workspace", { confined: false, grants: GRANTS }).ok);
});
