/**
 * Every language: what clients call it, and how code in it runs in a container. One more language is one
 * more entry here and one more folder in `runtimes/`.
 */

/** The files of one run, as absolute paths inside the sandbox. */
export interface CodePaths {
  /** The source file. */
  readonly source: string;
  /** Where a compiler puts what it makes; a fresh path that does not exist. */
  readonly output: string;
}

/** One step of a run: the program and its arguments. */
export type Argv = readonly [string, ...string[]];

/** What is known of a language. */
export interface LanguageDefinition {
  /** Other names clients use. */
  readonly aliases: readonly string[];
  /** Image of its Docker sessions unless the client or the server's settings say otherwise. */
  readonly image: string;
  /** Other images of ours for it, which clients name as `dockerImage`. */
  readonly variants?: readonly string[];
  /** Ending of a source file, with its dot. */
  readonly extension: string;
  /** Whether its compiler passes over files whose names begin with a dot. @default {false} */
  readonly ignoresHidden?: boolean;
  /** Compiles, for languages that take a step of their own for it. */
  readonly compile?: (paths: CodePaths) => Argv;
  /** Runs; the program's own arguments follow. */
  readonly run: (paths: CodePaths) => Argv;
  /** Prints a version of which {@linkcode versionPattern} finds the number. */
  readonly version: Argv;
  /** Installs packages for the session's user; their names follow. */
  readonly install?: Argv;
}

/** Where a container has the agent's Deno; it runs TypeScript there. */
export const CONTAINER_DENO = "/codebeaker/deno";

const DENO_RUN: Argv = [
  CONTAINER_DENO,
  "run",
  "--allow-all",
  "--no-prompt",
  "--no-lock",
  "--quiet",
];

/** The number in what a version command prints. */
export const VERSION_REGEXP = /(\d+\.\d+(?:\.\d+)?)/;

/** Every language by its canonical name. */
export const LANGUAGE_DEFINITIONS = {
  python: {
    aliases: ["py", "python3"],
    image: "codebeaker-python:latest",
    variants: ["codebeaker-python-data:latest"],
    extension: ".py",
    run: ({ source }) => ["python3", source],
    version: ["python3", "--version"],
    install: ["pip", "install", "--no-cache-dir", "--"],
  },
  javascript: {
    aliases: ["js", "node", "nodejs"],
    image: "codebeaker-nodejs:latest",
    extension: ".js",
    run: ({ source }) => ["node", source],
    version: ["node", "--version"],
    install: ["npm", "install", "--no-audit", "--no-fund", "--"],
  },
  typescript: {
    aliases: ["ts"],
    image: "codebeaker-nodejs:latest",
    extension: ".ts",
    run: ({ source }) => [...DENO_RUN, source],
    version: [CONTAINER_DENO, "--version"],
    install: ["npm", "install", "--no-audit", "--no-fund", "--"],
  },
  deno: {
    aliases: [],
    image: "codebeaker-nodejs:latest",
    extension: ".ts",
    run: ({ source }) => [...DENO_RUN, source],
    version: [CONTAINER_DENO, "--version"],
    install: ["npm", "install", "--no-audit", "--no-fund", "--"],
  },
  go: {
    aliases: ["golang"],
    image: "codebeaker-golang:latest",
    extension: ".go",
    ignoresHidden: true,
    compile: ({ source, output }) => ["go", "build", "-o", output, source],
    run: ({ output }) => [output],
    version: ["go", "version"],
    // Packages are of a module, which a workspace does not begin with.
    install: [
      "sh",
      "-c",
      '[ -e go.mod ] || go mod init workspace 2>/dev/null; exec go get -- "$@"',
      "go-get",
    ],
  },
  csharp: {
    aliases: ["c#", "cs", "dotnet"],
    image: "codebeaker-dotnet:latest",
    extension: ".cs",
    compile: ({ source, output }) => ["dotnet-script", "compile", "--output", output, source],
    run: ({ output }) => ["dotnet-script", "exec", output],
    version: ["dotnet", "--version"],
  },
  bash: {
    aliases: ["sh", "shell"],
    image: "codebeaker-bash:latest",
    extension: ".sh",
    run: ({ source }) => ["bash", source],
    version: ["bash", "--version"],
  },
  ruby: {
    aliases: ["rb"],
    image: "codebeaker-ruby:latest",
    extension: ".rb",
    run: ({ source }) => ["ruby", source],
    version: ["ruby", "--version"],
    // What follows "--" would be for the compiler of a package.
    install: ["gem", "install", "--user-install", "--no-document"],
  },
  rust: {
    aliases: ["rs"],
    image: "codebeaker-rust:latest",
    extension: ".rs",
    compile: (
      { source, output },
    ) => ["rustc", "--edition", "2021", "--crate-name", "main", "-o", output, source],
    run: ({ output }) => [output],
    version: ["rustc", "--version"],
  },
  java: {
    aliases: [],
    image: "codebeaker-java:latest",
    extension: ".java",
    // The JVM takes a quarter of the memory there is unless told that all of it is for the program.
    run: ({ source }) => ["java", "-XX:MaxRAMPercentage=70", source],
    version: ["java", "--version"],
  },
  php: {
    aliases: [],
    image: "codebeaker-php:latest",
    extension: ".php",
    run: ({ source }) => ["php", source],
    version: ["php", "--version"],
  },
  c: {
    aliases: ["gcc"],
    image: "codebeaker-gcc:latest",
    extension: ".c",
    compile: ({ source, output }) => ["gcc", "-O1", "-o", output, source, "-lm"],
    run: ({ output }) => [output],
    version: ["gcc", "--version"],
  },
  cpp: {
    aliases: ["c++", "cxx", "g++"],
    image: "codebeaker-gcc:latest",
    extension: ".cpp",
    compile: ({ source, output }) => ["g++", "-O1", "-o", output, source],
    run: ({ output }) => [output],
    version: ["g++", "--version"],
  },
} as const satisfies Record<string, LanguageDefinition>;

/** A language's canonical name. */
export type Language = keyof typeof LANGUAGE_DEFINITIONS;

/** Every canonical name, in the order of the table. */
export const LANGUAGES = Object.keys(LANGUAGE_DEFINITIONS) as Language[];

/** What is known of a language. */
export function languageDefinition(language: Language): LanguageDefinition {
  return LANGUAGE_DEFINITIONS[language];
}
