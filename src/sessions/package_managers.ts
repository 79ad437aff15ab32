import { type Argv, CONTAINER_DENO, type Language, languageDefinition } from "../languages.ts";
import type { PackageManager } from "../protocol/packages.ts";

/** How packages are named. */
export interface PackageForm {
  /** The form of a name; never one that begins with "-", or that is a path or an address. */
  readonly name: RegExp;
  /** A name, for the error. */
  readonly example: string;
}

/** What is known of a manager of packages. */
export interface ManagerDefinition extends PackageForm {
  /** Installs packages; their names follow. */
  readonly install: Argv;
  /** Installs what a file lists. */
  readonly fromFile?: FromFile;
}

/** How a manager takes a file that lists packages. */
export interface FromFile {
  /** The name that the file must have, if any but one is of no use. */
  readonly fileName?: string;
  /** The command, for the absolute path of the file; it runs in the file's directory. */
  readonly command: (path: string) => Argv;
  /** Whether names may come with it. */
  readonly takesNames: boolean;
}

const NPM_VERSION = "@[A-Za-z0-9.^~<>=|*+ -]+";
const NPM_NAME = "(?:@[A-Za-z0-9][A-Za-z0-9._~-]*/)?[A-Za-z0-9][A-Za-z0-9._~-]*";
const PIP_VERSION = "(?:===|==|~=|!=|<=|>=|<|>) ?[A-Za-z0-9.*+!_-]+";

/** Every manager of packages. */
export const PACKAGE_MANAGERS: Readonly<Record<PackageManager, ManagerDefinition>> = {
  pip: {
    install: installOf("python"),
    fromFile: {
      command: (path) => {
        const [program, ...args] = installOf("python");
        return [program, ...args.filter((arg) => arg !== "--"), "-r", path, "--"];
      },
      takesNames: true,
    },
    name: new RegExp(
      `^[A-Za-z0-9][A-Za-z0-9._-]*(?:\\[[A-Za-z0-9., _-]*\\])?(?: ?${PIP_VERSION}(?: ?, ?${PIP_VERSION})*)?$`,
    ),
    example: "requests==2.32.3",
  },
  npm: {
    install: installOf("javascript"),
    fromFile: {
      fileName: "package.json",
      command: () => {
        const [program, ...args] = installOf("javascript");
        return [program, ...args.filter((arg) => arg !== "--")];
      },
      takesNames: false,
    },
    name: new RegExp(`^${NPM_NAME}(?:${NPM_VERSION})?$`),
    example: "@scope/name@^1.2",
  },
  go: {
    install: installOf("go"),
    fromFile: {
      fileName: "go.mod",
      command: () => ["go", "mod", "download"],
      takesNames: false,
    },
    name:
      /^[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)+(?:\/[A-Za-z0-9._~-]+)*(?:@[A-Za-z0-9.+-]+)?$/,
    example: "golang.org/x/text@v0.3.0",
  },
  deno: {
    install: [CONTAINER_DENO, "add", "--quiet"],
    name: new RegExp(`^(?:npm:${NPM_NAME}|jsr:@[a-z0-9-]+/[a-z0-9-]+)(?:${NPM_VERSION})?$`),
    example: "npm:zod@4",
  },
  gem: {
    install: installOf("ruby"),
    name: /^[A-Za-z0-9][A-Za-z0-9._-]*(?::[0-9][A-Za-z0-9.]*)?$/,
    example: "rake:13.2.1",
  },
};

/** Packages of Deno sessions, which are those of npm whatever they are called. */
export const DENO_SESSION_PACKAGES: PackageForm = {
  name: new RegExp(`^(?:npm:)?${NPM_NAME}(?:${NPM_VERSION})?$`),
  example: "zod@4",
};

const BY_LANGUAGE: Partial<Record<Language, PackageManager>> = {
  python: "pip",
  javascript: "npm",
  typescript: "npm",
  deno: "npm",
  go: "go",
  ruby: "gem",
};

/** The manager of a language's packages, if it has one. */
export function managerOf(language: Language): PackageManager | undefined {
  return BY_LANGUAGE[language];
}

function installOf(language: Language): Argv {
  const { install } = languageDefinition(language);
  if (install === undefined) throw new TypeError(`The table has no way to install for ${language}`);
  return install;
}
