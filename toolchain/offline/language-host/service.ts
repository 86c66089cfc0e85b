/** The calls of language.proto that the engine makes, and what answers them. */
import {
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  AboutResponse,
  DependencyInfo,
  type GetProgramDependenciesRequest,
  GetProgramDependenciesResponse,
  type GetRequiredPackagesRequest,
  GetRequiredPackagesResponse,
  type InstallDependenciesRequest,
  InstallDependenciesResponse,
  type LanguageHandshakeRequest,
  LanguageHandshakeResponse,
  type RunPluginRequest,
  type RunPluginResponse,
  type RunRequest,
  RunResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { install, listDependencies } from "./npm";
import { packagesBelow } from "./packages";
import { PluginRunner } from "./plugin";
import { ProgramRunner } from "./program";

/** One language host: its service and a way to end what it has started. */
export interface LanguageHost {
  readonly service: UntypedServiceImplementation;
  /** Interrupts the program and the plugins under way; fulfilled when they have ended. */
  stopAll(): Promise<void>;
}

/** A language host for one engine. */
export function languageHost(version: string, engineAddress: string | undefined): LanguageHost {
  // Empty until Handshake when a person attached this host by PULUMI_DEBUG_LANGUAGES.
  let engine = engineAddress ?? "";
  const programs = new ProgramRunner(() => engine);
  const plugins = new PluginRunner();

  const service: UntypedServiceImplementation = {
    handshake: unary<LanguageHandshakeRequest, LanguageHandshakeResponse>((request) => {
      engine = request.getEngineAddress();
      return new LanguageHandshakeResponse();
    }),
    getPluginInfo: unary<Empty, PluginInfo>(() => new PluginInfo().setVersion(version)),
    // The official About also runs `npm --version`; it is asked in every operation, and npm takes longer than all else here.
    about: unary<Empty, AboutResponse>(() => {
      const about = new AboutResponse().setExecutable(process.execPath).setVersion(process.versions.node);
      about.getMetadataMap().set("packagemanager", "npm");
      return about;
    }),
    getRequiredPackages: unary<GetRequiredPackagesRequest, GetRequiredPackagesResponse>((request) =>
      new GetRequiredPackagesResponse().setPackagesList(
        packagesBelow(request.getInfo()?.getProgramDirectory() ?? ""),
      ),
    ),
    getProgramDependencies: unary<GetProgramDependenciesRequest, GetProgramDependenciesResponse>(
      async (request) => {
        const folder = request.getInfo()?.getProgramDirectory() ?? "";
        const dependencies = await listDependencies(folder, request.getTransitivedependencies());
        return new GetProgramDependenciesResponse().setDependenciesList(
          dependencies.map(({ name, version }) => new DependencyInfo().setName(name).setVersion(version)),
        );
      },
    ),
    installDependencies: stream<InstallDependenciesRequest, InstallDependenciesResponse>((call) =>
      install(
        call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory(),
        (bytes) => call.write(new InstallDependenciesResponse().setStdout(bytes)),
        (bytes) => call.write(new InstallDependenciesResponse().setStderr(bytes)),
      ),
    ),
    run: unary<RunRequest, RunResponse>(async (request, cancelled) => {
      cancelled(() => void programs.stop());
      const { error, bail } = await programs.run(request);
      return new RunResponse().setError(error).setBail(bail);
    }),
    runPlugin: stream<RunPluginRequest, RunPluginResponse>((call) => plugins.run(call)),
    cancel: unary<Empty, Empty>(() => {
      programs.cancel();
      return new Empty();
    }),
    generateProgram: unary(() => {
      throw Object.assign(
        new Error(
          "the offline language host generates no program; pass --generate-code=false to pulumi import",
        ),
        { code: status.UNIMPLEMENTED },
      );
    }),
  };
  return {
    service,
    async stopAll() {
      await Promise.all([programs.stop(), plugins.stop()]);
    },
  };
}

/** A call with one answer. The handler may ask to be told when the engine drops the call. */
function unary<Request, Response>(
  handler: (request: Request, cancelled: (then: () => void) => void) => Response | Promise<Response>,
) {
  return (
    call: { request: Request; on(event: "cancelled", then: () => void): unknown },
    callback: sendUnaryData<Response>,
  ) => {
    Promise.resolve()
      .then(() => handler(call.request, (then) => call.on("cancelled", then)))
      .then(
        (response) => callback(null, response),
        (error: Error & { code?: status }) =>
          callback({ code: error.code ?? status.UNKNOWN, details: error.message }),
      );
  };
}

/** A call answered piece by piece. */
function stream<Request, Response>(
  handler: (call: ServerWritableStream<Request, Response>) => Promise<void>,
) {
  return (call: ServerWritableStream<Request, Response>) => {
    Promise.resolve()
      .then(() => handler(call))
      .then(
        () => call.end(),
        (error: Error) => call.emit("error", { code: status.UNKNOWN, details: error.message }),
      );
  };
}
