import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Permissions } from "../../../src/protocol/permissions.ts";
import {
  checkPermissions,
  permissionFlags,
  type PermissionPolicy,
} from "../../../src/runtimes/deno/permissions.ts";

const OPEN: PermissionPolicy = {
  allowNet: true,
  denyNet: ["169.254.0.0/16"],
  allowEnv: true,
  allowRun: true,
  confined: true,
};
const OFFLINE = ["--deny-import", "--no-remote", "--no-npm"];
const FILES = ["--allow-read=/workspace", "--allow-write=/workspace"];

function flagsOf(permissions: Permissions, policy: PermissionPolicy = OPEN): string[] {
  const check = checkPermissions(permissions, policy);
  assert(check.ok, JSON.stringify(check));
  return permissionFlags(check.grants);
}

function issuesOf(permissions: Permissions, policy: PermissionPolicy = OPEN): string[] {
  const check = checkPermissions(permissions, policy);
  assert(!check.ok, `accepted ${JSON.stringify(permissions)}`);
  return check.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

Deno.test("permissionFlags() turns every key, boolean and list into flags", () => {
  const cases: [permissions: Permissions, flags: string[]][] = [
    [{}, [...FILES, ...OFFLINE]],
    [{ allowRead: true, allowWrite: true }, [...FILES, ...OFFLINE]],
    [{ allowRead: false, allowWrite: false }, OFFLINE],
    [{ allowRead: [], allowWrite: [] }, OFFLINE],
    [{ allowRead: ["/workspace"], allowWrite: ["/workspace"] }, [...FILES, ...OFFLINE]],
    [
      { allowRead: ["data", "/workspace/a b/../c"], allowWrite: ["./out/"] },
      ["--allow-read=/workspace/data,/workspace/c", "--allow-write=/workspace/out", ...OFFLINE],
    ],
    [{ allowNet: false, allowEnv: false, allowRun: false }, [...FILES, ...OFFLINE]],
    [{ allowNet: [], allowEnv: [], allowRun: [] }, [...FILES, ...OFFLINE]],
    [{ allowNet: true }, [...FILES, "--allow-net", "--deny-net=169.254.0.0/16", "--allow-import"]],
    [
      { allowNet: ["API.example.com", "10.0.0.1:80"] },
      [
        ...FILES,
        "--allow-net=api.example.com,10.0.0.1:80",
        "--deny-net=169.254.0.0/16",
        "--allow-import=api.example.com,10.0.0.1:80",
        "--no-npm",
      ],
    ],
    [{ allowEnv: true }, [...FILES, "--allow-env", ...OFFLINE]],
    [{ allowEnv: ["A", "B_1"] }, [...FILES, "--allow-env=A,B_1", ...OFFLINE]],
    [{ allowRun: true }, [...FILES, "--allow-run", ...OFFLINE]],
    [{ allowRun: ["git", "/usr/bin/env"] }, [...FILES, "--allow-run=git,/usr/bin/env", ...OFFLINE]],
  ];
  for (const [permissions, flags] of cases) {
    assertEquals(flagsOf(permissions), flags, JSON.stringify(permissions));
  }
});

Deno.test("permissionFlags() puts paths below the root it is given", () => {
  const check = checkPermissions({ allowWrite: ["out"] }, OPEN);
  assert(check.ok);
  assertEquals(permissionFlags(check.grants, { root: "/srv/w" }).slice(0, 2), [
    "--allow-read=/srv/w",
    "--allow-write=/srv/w/out",
  ]);
});

Deno.test("checkPermissions() refuses hostile values and says where they stand", () => {
  const cases: [permissions: Permissions, path: string][] = [
    [{ allowRead: ["/etc"] }, "allowRead.0"],
    [{ allowRead: ["/"] }, "allowRead.0"],
    [{ allowRead: ["/workspace/../etc"] }, "allowRead.0"],
    [{ allowRead: ["../etc"] }, "allowRead.0"],
    [{ allowRead: ["/workspacex"] }, "allowRead.0"],
    [{ allowRead: ["ok", "a,/etc"] }, "allowRead.1"],
    [{ allowRead: ["a\n--allow-all"] }, "allowRead.0"],
    [{ allowWrite: ["a\0b"] }, "allowWrite.0"],
    [{ allowWrite: ["*"] }, "allowWrite.0"],
    [{ allowWrite: ["src/**"] }, "allowWrite.0"],
    [{ allowNet: ["a.com,b.com"] }, "allowNet.0"],
    [{ allowNet: ["--allow-all"] }, "allowNet.0"],
    [{ allowNet: ["http://a.com"] }, "allowNet.0"],
    [{ allowNet: ["*"] }, "allowNet.0"],
    [{ allowEnv: ["A=B"] }, "allowEnv.0"],
    [{ allowEnv: ["A,B"] }, "allowEnv.0"],
    [{ allowEnv: ["*"] }, "allowEnv.0"],
    [{ allowRun: ["-A"] }, "allowRun.0"],
    [{ allowRun: ["a,b"] }, "allowRun.0"],
    [{ allowRun: ["sh -c x"] }, "allowRun.0"],
  ];
  for (const [permissions, path] of cases) {
    const issues = issuesOf(permissions);
    assertEquals(issues.length, 1, JSON.stringify(issues));
    assertStringIncludes(issues[0] ?? "", `${path}: `);
  }
});

Deno.test("checkPermissions() keeps a path that looks like a flag inside the workspace", () => {
  assertEquals(flagsOf({ allowRead: ["--allow-all"], allowWrite: [] }), [
    "--allow-read=/workspace/--allow-all",
    ...OFFLINE,
  ]);
});

Deno.test("checkPermissions() refuses what the policy does not grant and never narrows silently", () => {
  const listed = { ...OPEN, allowNet: ["api.example.com:443"], allowEnv: ["TOKEN"] };
  const cases: [permissions: Permissions, policy: PermissionPolicy, text: string][] = [
    [{ allowNet: true }, { ...OPEN, allowNet: false }, "grants no network"],
    [{ allowNet: ["a.com"] }, { ...OPEN, allowNet: [] }, "grants no network"],
    [{ allowNet: true }, listed, "grants only the hosts api.example.com:443"],
    [{ allowNet: ["api.example.com"] }, listed, "does not grant the host"],
    [{ allowEnv: true }, listed, "grants only the environment variables TOKEN"],
    [{ allowEnv: ["HOME"] }, listed, "grants only the environment variables TOKEN"],
    [{ allowEnv: ["HOME"] }, { ...OPEN, allowEnv: false }, "grants no environment variables"],
    [{ allowRun: true }, { ...OPEN, allowRun: false }, "--deno-allow-run"],
    [{ allowRun: ["sh"] }, { ...OPEN, confined: false }, "bubblewrap does not work"],
    [{ allowRun: true, allowNet: true }, OPEN, "together with allowRun"],
    [{ allowRun: true, allowRead: ["a"] }, OPEN, "together with allowRun"],
  ];
  for (const [permissions, policy, text] of cases) {
    assertStringIncludes(issuesOf(permissions, policy).join("\n"), text);
  }
  assertEquals(
    flagsOf({ allowNet: ["api.example.com:443"], allowEnv: ["TOKEN"] }, listed)[3],
    [
      "--deny-net=169.254.0.0/16",
    ][0],
  );
});
