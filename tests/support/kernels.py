"""A kernel of its own, as a notebook has one: cells, Tab and the question mark."""

import ast
import contextlib
import os
import time

import psutil
from jupyter_client.manager import KernelManager

ANSWER_S = 60.0
"""What a kernel may take for a cell on a busy machine."""


class Kernel:
    """A kernel of its own, asked cell by cell."""

    def __init__(self, manager, client):
        self.manager, self._client = manager, client
        self._pid = self.ask("__import__('os').getpid()")

    def send(self, code):
        """Begin a cell; returns what its answer is known by."""
        return self._client.execute(code)

    def finish(self, sent):
        """How a cell ended: ``ok``, or the name of its error."""
        until_s = time.monotonic() + ANSWER_S
        while time.monotonic() < until_s:
            reply = self._client.get_shell_msg(timeout=ANSWER_S)
            if reply["parent_header"]["msg_id"] == sent:
                return reply["content"].get("ename", "ok")
        raise TimeoutError(sent)

    def run(self, code):
        assert self.finish(self.send(code)) == "ok", code

    def ask(self, expression):
        """The value of an expression, through its repr."""
        sent = self._client.execute("", user_expressions={"it": expression})
        while True:
            reply = self._client.get_shell_msg(timeout=ANSWER_S)
            if reply["parent_header"]["msg_id"] == sent:
                told = reply["content"]["user_expressions"]["it"]
                assert told["status"] == "ok", told
                return ast.literal_eval(told["data"]["text/plain"])

    def complete(self, code):
        """What Tab offers at the end of a cell."""
        return set(self._client.complete(code, reply=True, timeout=ANSWER_S)["content"]["matches"])

    def explain(self, code):
        """What the question mark behind a name tells."""
        content = self._client.inspect(code, reply=True, timeout=ANSWER_S)["content"]
        return content["data"]["text/plain"]

    def show(self, code):
        """What a cell leaves: its outputs, as they come."""
        sent, outputs = self._client.execute(code), []
        while True:
            message = self._client.get_iopub_msg(timeout=ANSWER_S)
            if message["parent_header"].get("msg_id") != sent:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                self.finish(sent)
                return outputs
            if message["msg_type"] in ("execute_result", "display_data", "error", "stream"):
                outputs.append(message["content"])

    def find_workers(self):
        """The worker processes of this kernel."""
        found = []
        for child in psutil.Process(self._pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any("LokyProcess" in word for word in child.cmdline()):
                    found.append(child)
        return found


@contextlib.contextmanager
def run_kernel(folder):
    """A kernel that keeps what it writes in a folder, until the end of the block."""
    manager = KernelManager(kernel_name="python3")
    own = {"IPYTHONDIR": str(folder / "ipython"), "XDG_DATA_HOME": str(folder / "data")}
    manager.start_kernel(env={**os.environ, **own})
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=ANSWER_S)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
