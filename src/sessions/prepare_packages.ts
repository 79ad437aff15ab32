import { InvalidParamsError, type Issue } from "../errors.ts";
import type { Argv } from "../languages.ts";
import { WORKSPACE } from "../protocol/path.ts";
import type { SingleCommand } from "../protocol/commands.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import { type PackageManager, PackageManagerSchema } from "../protocol/packages.ts";
import { FILE_REFUSALS } from "../runtimes/file_error.ts";
import type { ShellSpec } from "../runtimes/runtime.ts";
import { workspacePath, workspaceSegments } from "../runtimes/workspace_path.ts";
import type { ParamsPath } from "./content.ts";
import {
  DENO_SESSION_PACKAGES,
  managerOf,
  PACKAGE_MANAGERS,
  type PackageForm,
} from "./package_managers.ts";

/** A command that installs packages. */
export type InstallCommand = Extract<SingleCommand, { type: "install_packages" }>;

/** Where packages are to be installed. */
export interface PackagePlace {
  readonly runtime: RuntimeName;
  /** Whether code of the session may reach every other machine. */
  readonly network: boolean;
  readonly language: Language;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
}

/** A program that installs, or why there is none. */
export type InstallPlan =
  | { readonly kind: "program"; readonly spec: ShellSpec }
  | { readonly kind: "refused"; readonly message: string };

/** Checks what is to be installed. Throws `InvalidParamsError`. */
export function prepareInstall(command: InstallCommand, place: PackagePlace): InstallPlan {
  if (place.runtime === "deno") return prepareInDeno(command, place);
  const manager = command.manager ?? managerOf(place.language);
  if (manager === undefined) throw invalid(place, "manager", noManager(place.language));
  checkNames(command, manager, place);
  const file = command.requirementsFile;
  if (file !== undefined) checkFile(command, manager, place);
  const segments = file === undefined ? [] : workspaceSegments(file);
  if (segments === undefined) return refused(FILE_REFUSALS.outside(file ?? ""));
  if (!place.network) return refused(NO_NETWORK);
  const directory = file === undefined ? WORKSPACE : workspacePath(segments.slice(0, -1));
  const [commandName, ...args] = argvOf(manager, file && workspacePath(segments));
  return {
    kind: "program",
    spec: {
      kind: "shell",
      commandName,
      args: [...args, ...command.packages],
      workingDirectory: directory,
    },
  };
}

const NO_NETWORK = "Cannot install packages: this session has no network; create it with " +
  '"network": true';

/** In a Deno session the sandbox installs, from npm, and knows whether the registry may be reached. */
function prepareInDeno(command: InstallCommand, place: PackagePlace): InstallPlan {
  const { manager = "deno", packages, requirementsFile } = command;
  if (manager !== "deno" && manager !== "npm") {
    return refused(
      `Cannot install packages with ${manager} in a Deno session, which has those of npm only; ` +
        "use a docker session",
    );
  }
  if (requirementsFile !== undefined) {
    throw invalid(place, "requirementsFile", "A Deno session takes no file, name the packages");
  }
  checkForm(packages, { manager, ...DENO_SESSION_PACKAGES }, place);
  return {
    kind: "program",
    spec: {
      kind: "shell",
      commandName: "deno",
      args: ["install"],
      workingDirectory: WORKSPACE,
      packages,
    },
  };
}

function argvOf(manager: PackageManager, file: string | undefined): Argv {
  const { install, fromFile } = PACKAGE_MANAGERS[manager];
  return file === undefined || fromFile === undefined ? install : fromFile.command(file);
}

function checkNames({ packages }: InstallCommand, manager: PackageManager, place: PackagePlace) {
  checkForm(packages, { manager, ...PACKAGE_MANAGERS[manager] }, place);
}

function checkForm(
  packages: readonly string[],
  { manager, name, example }: PackageForm & { readonly manager: PackageManager },
  place: PackagePlace,
): void {
  const issues: Issue[] = packages.flatMap((text, index) =>
    name.test(text) ? [] : [{
      path: [...place.path, "packages", index],
      message: `Not the name of a package for ${manager}, expected one such as ${example}`,
    }]
  );
  if (issues.length > 0) throw new InvalidParamsError(issues);
}

function checkFile(command: InstallCommand, manager: PackageManager, place: PackagePlace): void {
  const { packages, requirementsFile = "" } = command;
  const { fromFile } = PACKAGE_MANAGERS[manager];
  if (fromFile === undefined) {
    throw invalid(place, "requirementsFile", `${manager} takes no file, name the packages`);
  }
  const { fileName, takesNames } = fromFile;
  if (fileName !== undefined && requirementsFile.split("/").at(-1) !== fileName) {
    throw invalid(place, "requirementsFile", `Expected the path of a ${fileName} for ${manager}`);
  }
  if (!takesNames && packages.length > 0) {
    const message = `${manager} takes either packages or a file, install them one after the other`;
    throw invalid(place, "requirementsFile", message);
  }
}

function noManager(language: Language): string {
  const known = PackageManagerSchema.options.join(", ");
  return `Missing, and ${language} has no manager of packages; expected one of ${known}`;
}

function invalid({ path }: PackagePlace, key: string, message: string): InvalidParamsError {
  return new InvalidParamsError([{ path: [...path, key], message }]);
}

function refused(message: string): InstallPlan {
  return { kind: "refused", message };
}
