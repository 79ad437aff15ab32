import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidParamsError } from "../../src/errors.ts";
import { type CommandInput, CommandSchema } from "../../src/protocol/commands.ts";
import type { PackageManager } from "../../src/protocol/packages.ts";
import {
  type InstallCommand,
  type PackagePlace,
  prepareInstall,
} from "../../src/sessions/prepare_packages.ts";

const PYTHON: PackagePlace = {
  runtime: "docker",
  network: true,
  language: "python",
  path: ["command"],
};

type Input = Omit<CommandInput & { type: "install_packages" }, "type">;

function plan(input: Input, place: Partial<PackagePlace> = {}) {
  const command = CommandSchema.parse({ type: "install_packages", ...input }) as InstallCommand;
  return prepareInstall(command, { ...PYTHON, ...place });
}

function argv(input: Input, place: Partial<PackagePlace> = {}) {
  const planned = plan(input, place);
  assert(planned.kind === "program");
  const { commandName, args, workingDirectory } = planned.spec;
  return [[commandName, ...args].join(" "), workingDirectory];
}

function issue(input: Input, place: Partial<PackagePlace> = {}) {
  return assertThrows(() => plan(input, place), InvalidParamsError).issues[0]!;
}

Deno.test("prepareInstall() takes the manager of the session's language", () => {
  const npm = "npm install --no-audit --no-fund --";
  const cases: [PackagePlace["language"], string][] = [
    ["python", "pip install --no-cache-dir --"],
    ["javascript", npm],
    ["typescript", npm],
    ["deno", npm],
    ["ruby", "gem install --user-install --no-document"],
  ];
  for (const [language, command] of cases) {
    assertEquals(argv({ packages: ["a", "b"] }, { language }), [`${command} a b`, "/workspace"]);
  }
  const [go] = argv({ packages: ["golang.org/x/text@v0.3.0"] }, { language: "go" });
  assert(go!.startsWith("sh -c ") && go!.endsWith(" go-get golang.org/x/text@v0.3.0"));
  assertEquals(argv({ packages: ["a"], manager: "npm" })[0], `${npm} a`);
  const [deno] = argv({ packages: ["npm:zod@4"], manager: "deno" });
  assertEquals(deno, "/codebeaker/deno add --quiet npm:zod@4");
  assertEquals(issue({ packages: ["a"] }, { language: "rust" }), {
    path: ["command", "manager"],
    message:
      "Missing, and rust has no manager of packages; expected one of pip, npm, go, deno, gem",
  });
});

Deno.test("prepareInstall() takes names with versions and nothing else", () => {
  const names: Record<PackageManager, { good: string[]; bad: string[] }> = {
    pip: {
      good: ["a", "requests==2.32.3", "A.b-c_d[x,y]>=1,<2", "numpy ~= 1.0", "a!=1.*"],
      bad: ["./a", "/workspace/a", "git+https://x/y", "a @ https://x", "a;b", "a b", "a==1 -r f"],
    },
    npm: {
      good: ["left-pad", "@scope/x@^1", "a@>=1 <2", "a@latest", "a@1.x || 2"],
      bad: ["./a", "a@file:../b", "git://x/y", "a/b", "a@npm:b", "@a", "a@", "https://x/y.tgz"],
    },
    go: {
      good: ["golang.org/x/text@v0.3.0", "github.com/a/b_c/v2@latest", "rsc.io/quote"],
      bad: ["./a", "a", "fmt", "golang.org/x y", "golang.org/x@v1 -u", "/a.b/c"],
    },
    deno: {
      good: ["npm:zod@4", "npm:@a/b@^1", "jsr:@std/path@1"],
      bad: ["zod", "https://x/y.ts", "npm:", "jsr:path", "file:///x"],
    },
    gem: {
      good: ["rake", "rake:13.2.1", "a-b_c"],
      bad: ["./a.gem", "rake:>1", "a b", "http://x/a.gem", "/a"],
    },
  };
  for (const [manager, { good, bad }] of Object.entries(names)) {
    const input = { manager: manager as PackageManager };
    for (const name of good) argv({ ...input, packages: [name] });
    const smuggled = ["--index-url=http://x", "-r", "-", "--", "\n-r", " -r", "a\n-r", "$(x)"];
    for (const name of [...bad, ...smuggled]) {
      const { path, message } = issue({ ...input, packages: [good[0]!, name] });
      assertEquals(path, ["command", "packages", 1], `${manager}: ${name}`);
      assert(message.startsWith(`Not the name of a package for ${manager}`));
    }
  }
});

Deno.test("prepareInstall() takes a file that lists packages", () => {
  assertEquals(argv({ requirementsFile: "a/requirements.txt" }), [
    "pip install --no-cache-dir -r /workspace/a/requirements.txt --",
    "/workspace/a",
  ]);
  const [both] = argv({ requirementsFile: "--evil", packages: ["a"] });
  assertEquals(both, "pip install --no-cache-dir -r /workspace/--evil -- a");
  assertEquals(argv({ requirementsFile: "x/package.json" }, { language: "javascript" }), [
    "npm install --no-audit --no-fund",
    "/workspace/x",
  ]);
  assertEquals(argv({ requirementsFile: "go.mod" }, { language: "go" }), [
    "go mod download",
    "/workspace",
  ]);
  const path = ["command", "requirementsFile"];
  assertEquals(issue({ requirementsFile: "x.json", manager: "npm" }).path, path);
  assertEquals(issue({ requirementsFile: "Gemfile", manager: "gem" }).path, path);
  const npm = { requirementsFile: "package.json", packages: ["a"], manager: "npm" as const };
  assertEquals(issue(npm).path, path);
  assertEquals(plan({ requirementsFile: "../x" }), {
    kind: "refused",
    message: "Path is outside /workspace: ../x",
  });
});

Deno.test("prepareInstall() says how to get what a session lacks", () => {
  const message = (place: Partial<PackagePlace>) => {
    const planned = plan({ packages: ["a"] }, { language: "javascript", ...place });
    assert(planned.kind === "refused");
    return planned.message;
  };
  assert(message({ network: false }).includes('create it with "network": true'));
});

Deno.test("prepareInstall() leaves the packages of a Deno session to its sandbox", () => {
  const place = { runtime: "deno", language: "deno", network: false } as const;
  const packages = ["zod", "lodash@4", "npm:@scope/x@^1.2"];
  for (const manager of [undefined, "deno", "npm"] as const) {
    const planned = plan({ packages, ...(manager && { manager }) }, place);
    assert(planned.kind === "program");
    assertEquals(planned.spec.packages, packages);
  }
  for (const name of ["jsr:@std/path", "-g", "--allow-scripts", "./x", "npm:", "a@file:../b"]) {
    assertEquals(issue({ packages: ["zod", name] }, place).path, ["command", "packages", 1]);
  }
  for (const manager of ["pip", "go", "gem"] as const) {
    const planned = plan({ packages: ["a"], manager }, place);
    assert(planned.kind === "refused" && planned.message.includes("use a docker session"));
  }
  const { path } = issue({ requirementsFile: "package.json" }, place);
  assertEquals(path, ["command", "requirementsFile"]);
});

Deno.test("install_packages needs a package or a file", () => {
  const parsed = CommandSchema.safeParse({ type: "install_packages" });
  assertEquals(parsed.error?.issues[0]?.path, ["packages"]);
});
