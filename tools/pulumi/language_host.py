#!/usr/bin/env python3
"""Run Python programs for the Pulumi engine: `pulumi` starts this file, as `pulumi-language-python` beside itself.

It serves `pulumirpc.LanguageRuntime`, as far as projects need it whose packages are installed: it runs `__main__.py`
by the SDK's own `pulumi-language-python-exec`, and reports no packages, so that the engine downloads no plugins.
It installs nothing, converts nothing and attaches no debugger.
"""

import os
import sys

# The engine starts this with the python on PATH; what imports pulumi may be another.
PYTHON = os.environ.get("PULUMI_PYTHON_CMD")
if PYTHON and os.environ.get("ISTHMUS_LANGUAGE_HOST") != PYTHON:
    os.environ["ISTHMUS_LANGUAGE_HOST"] = PYTHON
    os.execv(PYTHON, [PYTHON, *sys.argv])  # ourselves, by another interpreter

import json
import signal
import subprocess
import threading
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

HERE = Path(__file__).resolve().parent
SAID_TO_THE_ENGINE = 32
"""How a program exits that has reported its own error."""
MESSAGE_BYTES_MAX = 400 << 20


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Run programs, and end them when the engine says so."""

    def __init__(self, engine):
        self.engine = engine
        self.running = set()

    def Handshake(self, request, context):
        self.engine = request.engine_address or self.engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="3.200.0")

    def GetRequiredPackages(self, request, context):
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(self, request, context):
        return iter(())

    def Cancel(self, request, context):
        for process in list(self.running):
            process.send_signal(signal.SIGINT)
        return empty_pb2.Empty()

    def Run(self, request, context):
        python = interpreter_of(request.info)
        if not Path(python).exists():
            return language_pb2.RunResponse(error=f"{python} does not exist: make the virtual environment first")
        process = subprocess.Popen(command_of(request, python, self.engine), env=environment_of(request, python))
        self.running.add(process)
        context.add_callback(lambda: process.poll() is None and process.kill())
        status = process.wait()
        self.running.discard(process)
        if status == SAID_TO_THE_ENGINE:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program exited with {status}" if status else "")


def interpreter_of(info):
    """Return the interpreter of a project: that of the virtual environment it names, or this one."""
    options = json_format.MessageToDict(info.options) if info.HasField("options") else {}
    named = options.get("virtualenv")
    return str(Path(info.root_directory, named, "bin", "python")) if named else PYTHON or sys.executable


def environment_of(request, python):
    """Return the environment of a program: its configuration, and its interpreter first on PATH."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(python).parent), os.environ.get("PATH", "")]),
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def command_of(request, python, engine):
    """Return the command that runs a program."""
    info = request.info
    arguments = {
        "--monitor": request.monitor_address,
        "--engine": engine,
        "--project": request.project,
        "--root_directory": info.root_directory,
        "--stack": request.stack,
        "--pwd": request.pwd,
        "--dry_run": "true" if request.dryRun else "false",
        "--parallel": str(request.parallel),
        "--organization": request.organization,
    }
    program = os.path.normpath(Path(info.program_directory, info.entry_point or "."))
    words = [word for pair in arguments.items() for word in pair]
    return [python, "-u", str(HERE / "pulumi-language-python-exec"), *words, program, *request.args]


def main():
    """Serve until the engine sends a signal; the first line of output is the port."""
    host = LanguageHost(next((word for word in sys.argv[1:] if not word.startswith("-")), ""))
    limit = [("grpc.max_receive_message_length", MESSAGE_BYTES_MAX)]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=limit)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(port, flush=True)
    stop.wait()
    for process in list(host.running):
        process.kill()
    server.stop(0)


if __name__ == "__main__":
    main()
